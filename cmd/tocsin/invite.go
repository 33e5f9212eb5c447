package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
)

func inviteCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "invite",
		Usage: "make a team a member of a community and write the file by which it joins",
		Args:  "COMMUNITY",
		Help: `As a founder of COMMUNITY (a name, an ID or the first characters of one) you state that the team belongs to it, where one founder's word
decides; elsewhere a team applies, and members sponsor it: tocsin community sponsor. --team is the
team's card file (tocsin id --card), or its ID; with an ID give --name too. Compare the ID with the team by another way, such as
the phone, first: tocsin id prints it in groups to read aloud. With --id the card is taken only if it is of that team, and it is
needed where the team's name looks like that of another team that is known here.

The invite file goes to stdout or to the file of -o; send it by mail, it holds no secret. It carries the charter, your addresses
and your ID, works for that team alone, and expires; the membership itself does not expire with the file.`,
		Examples: []string{
			"tocsin invite --team cert-b.card -o cert-b.invite 'Drill 2026'",
			"tocsin invite --team tb2cqbr4x2ma... --name CERT-B --expires 3d 'Drill 2026' > cert-b.invite",
		},
		Flags: []cli.Flag{
			required(&cli.StringFlag{Name: "team", Usage: "the team's `CARD` file (- for standard input), or its whole ID"}),
			&cli.StringFlag{Name: "id", Usage: "the whole `ID` that the team told you, where --team is a card: another team's card is refused"},
			&cli.StringFlag{Name: "name", Usage: "what you call the team, as `NAME`; needed with an ID"},
			&cli.StringFlag{Name: "expires", Usage: "the file can be used for this `SPAN`, or until this time (default 7d)"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the invite to `FILE`, - for stdout (default: stdout)"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			draft, err := readInvite(e, c)
			if err != nil {
				return err
			}
			d, out, err := dialForFile(e, c)
			if err != nil {
				return err
			}
			defer out.drop()
			// Only for the wording: if it cannot be read, the invite tells why.
			before, _ := d.Community(ctx, c.Args().First())
			done, err := d.Invite(ctx, c.Args().First(), draft)
			if p, ok := errors.AsType[*api.Problem](err); ok {
				p.Hint = strings.Replace(p.Hint, "--id ID", inviteLine(c), 1)
			}
			if err != nil {
				return err
			}
			since := "is a member now"
			if isMember(before, done.Team.ID) {
				since = "is a member already"
			}
			complain(e.Stderr, "", fmt.Sprintf("%s %s; the invite can be used until %s", showTeam(done.Team), since, showTime(done.Expires, e.Now())))
			if len(done.Addresses) == 0 {
				complain(e.Stderr, "", "the invite names no address: the team cannot find you by it")
				e.hint("set listen and announce addresses in the config, then invite again: tocsin config show")
			}
			return printFile(e, out, done.Invite, done)
		},
	})
}

// inviteLine is the line as it was typed, with the ID beside the card.
func inviteLine(c *cli.Context) string {
	words := []string{"--team", c.String("team"), "--id", "ID"}
	for _, name := range []string{"name", "expires", "output"} {
		if c.IsSet(name) {
			words = append(words, "--"+name, c.String(name))
		}
	}
	return programName + " invite" + quoteAll(append(words, c.Args().Slice()...))
}

func isMember(c *api.Community, team identity.TeamID) bool {
	return c != nil && slices.ContainsFunc(c.Members, func(m api.Member) bool { return m.Team.ID == team })
}

func readInvite(e *env, c *cli.Context) (api.InviteDraft, error) {
	draft := api.InviteDraft{Name: c.String("name")}
	var err error
	if typed := c.String("expires"); typed != "" {
		if draft.Expires, err = parseWhen(typed, e.Now()); err != nil {
			return draft, usageErrorf(whenHint, "--expires: %v", err)
		}
		if !draft.Expires.After(e.Now()) {
			return draft, usageErrorf(whenHint, "--expires %s is in the past", typed)
		}
	}
	typed := c.String("team")
	if id, err := identity.ParseTeam(typed); err == nil {
		draft.Team = id.String()
		if c.IsSet("id") {
			return draft, usageErrorf("with --id, --team is the team's card file", "--team and --id are both an ID")
		}
		if draft.Name == "" {
			return draft, usageErrorf("or invite by the team's card: --team FILE --id"+quoteAll([]string{typed}), "missing --name: what do you call the team?")
		}
		return draft, nil
	} else if typed != dash && !exists(typed) {
		hint := "the team itself makes its card, with the command id --card"
		if len(typed) < identity.TextLen/2 {
			return draft, usageErrorf(hint, "--team %q is neither a file nor a team ID", typed)
		}
		return draft, usageErrorf(hint, "--team is neither a file nor a team ID: %v", err)
	}
	if c.IsSet("id") {
		id, err := identity.ParseTeam(c.String("id"))
		if err != nil {
			return draft, usageErrorf("give the whole ID, as the team itself told it", "--id: %v", err)
		}
		draft.Team = id.String()
	}
	draft.Card, err = readFile(e, typed, "a card (made with: tocsin id --card)")
	return draft, err
}

// printFile writes a file that is the answer: to the named file, else to stdout. With --json and no file name the whole answer
// is printed, which holds the file.
func printFile(e *env, out *output, file api.File, whole any) error {
	toFile := out.toFile()
	if toFile {
		if err := out.write(e, file); err != nil {
			return err
		}
	}
	if e.JSON {
		return printAnswer(e, whole)
	}
	if toFile {
		return nil
	}
	_, err := e.Stdout.Write(withNewline(file))
	return err
}

func joinCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "join",
		Usage: "join a community by an invite file",
		Args:  "FILE",
		Help: `FILE is the invite that a founder, or a sponsor of your application, sent you (- for standard input). Its signatures, its expiry and that
it is meant for this team are checked before anything else happens. Then this node calls the addresses in it and fetches what the
community has; by a sponsor's, what an observer may see until the team is admitted. The community's ID is printed; compare it with
your sponsor.`,
		Examples: []string{"tocsin join cert-b.invite"},
		Run: func(ctx context.Context, c *cli.Context) error {
			path := c.Args().First()
			file, err := readFile(e, path, "an invite")
			if err != nil {
				return err
			}
			if _, err := invite.Open(file); err != nil {
				return &userError{Code: exitRefused, Msg: inputName(path) + " is no invite to be trusted", Err: plainFormat(err), Hint: "ask your sponsor for a new one"}
			}
			d, err := dial(e)
			if err != nil {
				return err
			}
			done, err := d.Join(ctx, api.Join{Invite: file})
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, done)
			}
			switch done.Community.Role {
			case "founder", "member":
				complain(e.Stderr, "", "joined "+cleanLine(done.Community.Name)+", invited by "+showTeam(done.Sponsor))
			default:
				complain(e.Stderr, "", "observing "+cleanLine(done.Community.Name)+", sponsored by "+showTeam(done.Sponsor)+
					": CLEAR alerts and drills come here until this team is admitted, which then happens by itself")
			}
			if len(done.Addresses) > 0 {
				complain(e.Stderr, "", "calling "+strings.Join(done.Addresses, ", "))
			}
			_, err = fmt.Fprintln(e.Stdout, done.Community.ID)
			return err
		},
	})
}
