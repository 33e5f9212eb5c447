package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/rfc2350"
)

// profileFile is the draft of this team's profile in the home directory, where no other file is named.
const profileFile = "profile.toml"

func profileCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "profile",
		Usage: "say who this team is (RFC 2350), and read what others say",
		Verbs: []*cli.Command{
			profileInitCommand(e), profileEditCommand(e), profilePublishCommand(e), profileShowCommand(e),
			profileExportCommand(e), profileImportCommand(e),
		},
	})
}

// profilePath is the draft that a command works on.
func profilePath(e *env, typed string) (string, error) {
	if typed != "" {
		return typed, nil
	}
	home, err := e.home()
	return filepath.Join(home, profileFile), err
}

func profileInitCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "init",
		Usage: "write a draft of the profile with every field explained",
		Help: `Writes profile.toml into the home directory (or to the file of -o; - is standard output). If the daemon runs and a profile
is published, the draft has what that says. A file that exists is left as it is.

There is a text already? tocsin profile import reads it.`,
		Examples: []string{"tocsin profile init", "tocsin profile init -o -"},
		Flags:    []cli.Flag{&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write it to `FILE` instead, - for stdout"}},
		Run: func(ctx context.Context, c *cli.Context) error {
			return writeProfileDraft(e, c.String("output"), profileDraft(startProfile(ctx, e)))
		},
	})
}

// startProfile is what is published, else the little that is known of the team without asking.
func startProfile(ctx context.Context, e *env) *notice.Profile {
	p := &notice.Profile{Language: "en"}
	d, err := dial(e)
	if err != nil {
		return p
	}
	v, err := d.Profile(ctx)
	switch {
	case err != nil:
		if n, err := openNode(e); err == nil {
			p.Name = n.Delegation.Name
		}
	case v.Profile != nil:
		return v.Profile
	default:
		p.Name = v.Team.Name
	}
	return p
}

// writeProfileDraft writes a new file and prints where it is, or prints the draft itself.
func writeProfileDraft(e *env, typed, text string) error {
	if typed == dash {
		_, err := fmt.Fprint(e.Stdout, text)
		return err
	}
	path, err := profilePath(e, typed)
	if err != nil {
		return err
	}
	if err := createFile(path, []byte(text), 0o600); err != nil {
		return err
	}
	if e.JSON {
		return printJSON(e.Stdout, struct {
			File string `json:"file"`
		}{path})
	}
	e.hint("fill it in: tocsin profile edit" + quoteAll(typedOnly(typed)) + "; then: tocsin profile publish" + quoteAll(typedOnly(typed)))
	_, err = fmt.Fprintln(e.Stdout, path)
	return err
}

// typedOnly is a list of the argument that was typed, or of none.
func typedOnly(typed string) []string {
	if typed == "" {
		return nil
	}
	return []string{typed}
}

func profilePublishCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "publish",
		Usage: "sign the profile and give it to all who share a community with this team",
		Args:  "[FILE]",
		Help: `FILE is a draft (default: profile.toml in the home directory; - is standard input). Every mistake in it is named with its line, and
nothing is published then. The profile is durable when the command returns, and replaces the one before. It is signed and cannot be
taken back: whoever has it can show it to anybody.`,
		Examples: []string{"tocsin profile publish", "tocsin profile publish profile.toml"},
		Run: func(ctx context.Context, c *cli.Context) error {
			path, err := profilePath(e, c.Args().First())
			if err != nil {
				return err
			}
			p, err := readProfile(e, path)
			if err != nil {
				return err
			}
			return publishProfile(ctx, e, p)
		},
	})
}

func publishProfile(ctx context.Context, e *env, p *notice.Profile) error {
	warnZone(e, p.Availability.TimeZone)
	d, err := dial(e)
	if err != nil {
		return err
	}
	done, err := d.PublishProfile(ctx, api.ProfileDraft{Profile: *p})
	if err != nil {
		return err
	}
	if e.JSON {
		return printAnswer(e, done)
	}
	complain(e.Stderr, "", fmt.Sprintf("published: %d bytes of at most %d; %d other teams share a community with this one", done.Bytes, notice.MaxProfile, done.Reaches))
	_, err = fmt.Fprintln(e.Stdout, done.Statement)
	return err
}

func profileExportCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "export",
		Usage: "write a profile as the classic text of RFC 2350, or as a draft",
		Args:  "[TEAM]",
		Help: `TEAM is a name, an ID or the first characters of one (default: this team). With --rfc2350 the answer is the document that RFC 2350,
Appendix D, describes, as it stands on a web site: sections 1. Document Information to 7. Disclaimers. The persons of the RED desk and the
OpenPGP key itself are not in it, its fingerprint is. Without, it is a draft in TOML.

The text proves nothing: what proves a profile is the signed statement (tocsin profile show).`,
		Examples: []string{"tocsin profile export --rfc2350 -o rfc2350.txt", "tocsin profile export --rfc2350 CERT-B"},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "rfc2350", Usage: "write the classic text document"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write it to `FILE`, - for stdout (default: stdout)"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			v, err := profileOf(ctx, e, c.Args().First())
			if err != nil {
				return err
			}
			text := cleanText(rfc2350.Write(v.Profile))
			if !c.Bool("rfc2350") {
				text = profileDraft(v.Profile)
			}
			if path := c.String("output"); path != "" && path != dash {
				if err := createFile(path, []byte(text), 0o644); err != nil {
					return err
				}
				complain(e.Stderr, "", "wrote "+path)
				return nil
			}
			_, err = fmt.Fprint(e.Stdout, text)
			return err
		},
	})
}

// profileOf asks for a profile that can be read: this team's own for the empty name.
func profileOf(ctx context.Context, e *env, typed string) (*api.ProfileView, error) {
	d, err := dial(e)
	if err != nil {
		return nil, err
	}
	if typed == "" {
		v, err := d.Profile(ctx)
		if err == nil && v.Profile == nil && v.Unread == "" {
			return nil, &userError{Code: exitNotFound, Msg: "this team has published no profile", Hint: "tocsin profile init, then: tocsin profile publish"}
		}
		return readable(v, err)
	}
	t, err := d.Team(ctx, typed)
	if err != nil {
		return nil, err
	}
	if t.Profile == nil {
		return nil, &userError{Code: exitNotFound, Msg: "no profile of " + showTeam(t.Team) + " is here", Hint: "ask the team to publish one: tocsin profile publish"}
	}
	return readable(t.Profile, nil)
}

func readable(v *api.ProfileView, err error) (*api.ProfileView, error) {
	if err == nil && v.Profile == nil {
		return nil, &userError{Code: exitFailed, Msg: "the profile of " + showTeam(v.Team) + " cannot be read: " + cleanLine(v.Unread)}
	}
	return v, err
}
