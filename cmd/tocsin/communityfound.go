package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
)

func communityFoundCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "found",
		Usage: "found a community",
		Args:  "NAME",
		Help: `Writes and signs a charter. Alone, the community exists when the command returns, and its ID is printed.

With other founders (--founder FILE, each a card made with tocsin id --card) the charter needs all their signatures. It is
written to the file of -o; send it round. Each founder runs tocsin community sign FILE, and when it is complete gives it to the
others, who run the same. What the charter says can never be changed: another charter is another community.

Who may come in and who must go is the charter's rule. --rule founders: one founder's word does both. --rule sponsors: teams apply;
members of different parent organisations sponsor them, others attest that the window ran without objection, and members vote on
removals. Without --rule and --template it is the founders' word as long as the founders are fewer than three, else two sponsors
and 21 days. What then holds is printed. tocsin community templates shows rules by name; a flag goes before its template.

Sponsors of one team must come from different parent organisations. A founder's stands in its card (tocsin id --card --parent NAME),
or is said with --parent: NAME alone is this team's, TEAM=NAME that of another founder.`,
		Examples: []string{
			"tocsin community found 'Drill 2026'",
			"tocsin community found --region 'Asia Pacific' --founder b.card --founder c.card -o charter.json 'Drill 2026'",
			"tocsin community found --template regional --domain example.org --founder b.card --founder c.card -o charter.json Lantau",
			"tocsin community found --template drill --window 90s --parent 'Ministry A' --founder b.card --founder c.card 'Drill 2027'",
		},
		Flags: append([]cli.Flag{
			&cli.StringFlag{Name: "region", Usage: "where its members are, in words: `REGION`"},
			&cli.StringFlag{Name: "sector", Usage: "what they protect: `SECTOR`, a word such as finance"},
			&cli.StringSliceFlag{Name: "founder", Usage: "`CARD` file of another founder (- for standard input); may be repeated"},
			&cli.StringFlag{Name: "retention", Usage: "how long members keep records: `SPAN` (default 400d)"},
			&cli.StringFlag{Name: "reply-by-floor", Usage: "the shortest time in which an answer can be asked for: `SPAN` (default 1h)"},
			&cli.StringFlag{Name: "last-resort", Usage: "whom to ask when nobody else answers, in a `LINE` for people"},
			&cli.StringFlag{Name: "ends", Usage: "close it at this `TIME`, or after this span: for a community made for one case"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write a charter that others are to sign to `FILE`, - for stdout (default: stdout)"},
		}, ruleFlags()...),
		Run: func(ctx context.Context, c *cli.Context) error {
			draft, err := readFound(e, c)
			if err != nil {
				return err
			}
			d, out, err := dialForFile(e, c)
			if err != nil {
				return err
			}
			defer out.drop()
			f, err := d.Found(ctx, draft)
			if err != nil {
				return err
			}
			return printFounding(e, out, signing{typed: c.String("output")}, f)
		},
	})
}

func readFound(e *env, c *cli.Context) (api.Found, error) {
	f := api.Found{
		Name: c.Args().First(), Region: c.String("region"), Sector: c.String("sector"), LastResort: c.String("last-resort"),
	}
	retention, err := spanFlag(c, "retention")
	if err != nil {
		return f, err
	}
	if retention%(24*time.Hour) != 0 {
		return f, usageErrorf("such as 400d", "--retention %s is not a number of whole days", c.String("retention"))
	}
	f.RetentionDays = int(retention / (24 * time.Hour))
	floor, err := spanFlag(c, "reply-by-floor")
	if err != nil {
		return f, err
	}
	f.ReplyByFloor = int(floor / time.Second)
	if typed := c.String("ends"); typed != "" {
		if f.Ends, err = parseWhen(typed, e.Now()); err != nil {
			return f, usageErrorf(whenHint, "--ends: %v", err)
		}
	}
	if err := readRule(c, &f); err != nil {
		return f, err
	}
	for _, path := range c.StringSlice("founder") {
		card, err := readFile(e, path, "a card (made with: tocsin id --card)")
		if err != nil {
			return f, err
		}
		f.Founders = append(f.Founders, card)
	}
	return f, nil
}

// spanFlag reads a flag that is a span of time; not given it is zero.
func spanFlag(c *cli.Context, name string) (time.Duration, error) {
	if !c.IsSet(name) {
		return 0, nil
	}
	d, err := parseSpan(c.String(name))
	if err != nil || d == 0 {
		return 0, usageErrorf("such as 90m, 24h or 7d", "--%s: %q is not a span of time", name, c.String(name))
	}
	return d, nil
}

// readFile reads a card, charter or invite, to be passed on to the daemon unread.
func readFile(e *env, path, what string) (api.File, error) {
	text, err := readInput(e, path, invite.MaxFile)
	if err != nil {
		return nil, cannotRead("", err)
	}
	file := api.File(text)
	if !file.IsValid() || file.Kind() != '{' {
		return nil, &userError{Code: exitFailed, Msg: inputName(path) + " is not " + what + ": it is not a JSON file"}
	}
	return file, nil
}

// signing is what is known of a charter before this node's signature.
type signing struct {
	typed    string // the file of -o as it was typed
	from     string // the file that the charter came in; empty where it was written here
	last     bool   // signatures were missing, so that if none is now, this was the last
	founders int
}

// printFounding prints the ID of a community that exists, or the charter that is still to be signed.
func printFounding(e *env, out *output, s signing, f *api.Founding) error {
	complete := len(f.Unsigned) == 0
	complain(e.Stderr, "", "who belongs to it: "+ruleWords(f.Admission)+"; this can never be changed")
	if !complete {
		var names []string
		for _, t := range f.Unsigned {
			names = append(names, showTeam(t))
		}
		complain(e.Stderr, "", "the charter is not complete; still to sign: "+strings.Join(names, ", "))
		complain(e.Stderr, "hint: ", "send the file to them; each runs: tocsin community sign FILE")
	}
	if complete && s.last && s.founders > 1 {
		tellOthers(e, s)
	}
	if out.toFile() {
		if err := out.write(e, f.Charter); err != nil {
			return err
		}
	}
	if e.JSON {
		return printAnswer(e, f)
	}
	if s.typed == dash || !complete && s.typed == "" {
		_, err := e.Stdout.Write(withNewline(f.Charter))
		return err
	}
	if complete && f.Community != nil {
		next := "invite others with: tocsin invite --team CARD-FILE -o INVITE-FILE "
		if f.Admission.Rule == notice.RuleSponsors {
			next = "others apply with its charter: tocsin community charter -o CHARTER-FILE "
		}
		complain(e.Stderr, "", e.here("founded; "+next+short(f.ID)))
	}
	_, err := fmt.Fprintln(e.Stdout, f.ID)
	return err
}

// tellOthers sees that the complete charter goes back to the founders who signed before: for them nothing exists until it does.
func tellOthers(e *env, s signing) {
	file := s.typed
	if file == "" || file == dash {
		file = "the complete charter"
	}
	complain(e.Stderr, "", "the charter is complete: send "+file+" to the other founders; each runs: tocsin community sign FILE")
	if s.typed == "" {
		e.hint("write it to a file with: tocsin community sign" + quoteAll([]string{"-o", "complete.json", s.from}))
	}
}

// withNewline ends a file as text files end.
func withNewline(file api.File) []byte {
	if len(file) > 0 && file[len(file)-1] == '\n' {
		return file
	}
	return append(slices.Clip(file), '\n')
}

func communitySignCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "sign",
		Usage: "sign a charter as one of its founders",
		Args:  "FILE",
		Help: `FILE is a charter that another founder sent. Read what it says first: tocsin record verify FILE. If signatures are still missing
afterwards the charter is written to the file of -o; pass it on. When it is complete the community exists here, and its ID is printed;
the complete charter (in the file of -o, or on stdout with -o -) goes to the other founders, and each runs the same. Signing again
changes nothing.`,
		Examples: []string{"tocsin community sign -o charter-2.json charter.json"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the signed charter to `FILE`, - for stdout (default: stdout while it is not complete)"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			charter, err := readFile(e, c.Args().First(), "a charter")
			if err != nil {
				return err
			}
			opened, err := invite.OpenDraft(charter)
			if err != nil {
				return &userError{Code: exitRefused, Msg: c.Args().First(), Err: plainFormat(err)}
			}
			d, out, err := dialForFile(e, c)
			if err != nil {
				return err
			}
			defer out.drop()
			f, err := d.SignCharter(ctx, opened.Community().String(), api.SignCharter{Charter: charter})
			if err != nil {
				return err
			}
			return printFounding(e, out, signing{
				typed: c.String("output"), from: c.Args().First(), last: len(opened.Unsigned()) > 0, founders: len(opened.Charter.Founders),
			}, f)
		},
	})
}
