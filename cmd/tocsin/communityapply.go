package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/invite"
)

func communityCharterCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "charter",
		Usage: "write a community's charter to a file, for teams that want to apply",
		Args:  "COMMUNITY",
		Help: `The charter is signed by all founders and holds no secret: hand it out, or publish it. Whoever has it can check it with
tocsin record verify FILE and apply with tocsin community apply FILE.`,
		Examples: []string{"tocsin community charter -o lantau.charter Lantau"},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the charter to `FILE`, - for stdout (default: stdout)"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, out, err := dialForFile(e, c)
			if err != nil {
				return err
			}
			defer out.drop()
			charter, err := d.Charter(ctx, c.Args().First())
			if err != nil {
				return err
			}
			return printFile(e, out, charter.Charter, charter)
		},
	})
}

func communityApplyCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "apply",
		Usage: "apply to a community for membership",
		Args:  "CHARTER-FILE",
		Help: `CHARTER-FILE is the charter that a member handed out or the community publishes (- for standard input); read it first with
tocsin record verify CHARTER-FILE. What you write here is signed and is shown to all members. The application goes to stdout or to the
file of -o; send it to members that know you, who sponsor it with tocsin community sponsor FILE. The first of them sends you an invite:
join with it, and this node observes (CLEAR alerts and drills) until it is admitted.

--parent is your parent organisation, if you have one: what a team writes there decides which sponsors it can be together with later.
Without it the one in your profile is taken.`,
		Examples: []string{
			"tocsin community apply -o cert-d.application lantau.charter",
			"tocsin community apply --parent 'Ministry of Transport' --contact 'Ada, +852 5555 0100' -o cert-d.application lantau.charter",
		},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "parent", Usage: "this team's parent organisation: `NAME`"},
			&cli.StringFlag{Name: "contact", Usage: "whom members may ask about you, in a `LINE`"},
			&cli.StringFlag{Name: "note", Usage: "why you apply: `TEXT`"},
			&cli.StringFlag{Name: "name", Usage: "what you call yourself there: `NAME` (default: the team's name)"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the application to `FILE`, - for stdout (default: stdout)"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			path := c.Args().First()
			charter, err := readFile(e, path, "a charter (written with: tocsin community charter)")
			if err != nil {
				return err
			}
			opened, err := invite.OpenDraft(charter)
			if err != nil {
				return &userError{Code: exitRefused, Msg: path, Err: plainFormat(err)}
			}
			if n := len(opened.Unsigned()); n > 0 {
				return &userError{
					Code: exitRefused, Msg: inputName(path) + " is not complete: the signatures of " + plural(n, "founder") + " are missing",
					Hint: "ask a founder for the complete charter: tocsin community charter",
				}
			}
			d, out, err := dialForFile(e, c)
			if err != nil {
				return err
			}
			defer out.drop()
			done, err := d.Apply(ctx, api.ApplyDraft{
				Charter: charter, Name: c.String("name"), Parent: c.String("parent"), Contact: c.String("contact"), Note: c.String("note"),
			})
			if err != nil {
				return err
			}
			complain(e.Stderr, "", "applied to "+communityName(done.Application.Community)+": "+ruleWords(opened.Charter.Admission))
			complain(e.Stderr, "hint: ", "send the application to members that know you; each runs: tocsin community sponsor FILE")
			return printFile(e, out, done.File, done)
		},
	})
}

func communityApplicationsCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "applications",
		Usage: "list the applications that are open",
		Args:  "[COMMUNITY]",
		Help: `UNTIL is when the window has run by the clock of this node: it began when this node had the application and as many sponsors as
are needed. Who said what stands in tocsin community show COMMUNITY.`,
		Examples: []string{"tocsin community applications", "tocsin community applications --all Lantau"},
		Flags:    []cli.Flag{&cli.BoolFlag{Name: "all", Usage: "those that are decided too"}},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			all, err := d.Applications(ctx, api.ApplicationQuery{Community: c.Args().First(), All: c.Bool("all")})
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, all)
			}
			if len(all.Applications) == 0 {
				complain(e.Stderr, "", "no applications")
				return nil
			}
			t := newTable("APPLICATION", "TEAM", "NAME", "COMMUNITY", "STATE", "SPONSORS>", "OBJECTIONS>", "WITNESSES>", "UNTIL")
			for _, a := range all.Applications {
				until := "-"
				if !a.Until.IsZero() {
					until = showTime(a.Until, e.Now())
				}
				t.add(short(a.ID), short(a.Team.ID), truncate(cleanLine(a.Team.Name), 30), communityName(a.Community), string(a.State),
					ofNeeded(a.Sponsors), ofNeeded(a.Objections), ofNeeded(a.Witnesses), until)
			}
			return t.write(e.Stdout)
		},
	})
}

func ofNeeded(v api.Voices) string { return fmt.Sprintf("%d/%d", v.Counted, v.Needed) }

// aboutApplication reads the argument of the verbs that speak about an application: its file, its ID, or its team.
type aboutApplication struct {
	id   string   // for the path
	file api.File // nil unless it was a file
}

func readAbout(e *env, typed string) (aboutApplication, error) {
	if typed != dash && !exists(typed) {
		return aboutApplication{id: typed}, nil
	}
	file, err := readFile(e, typed, "an application (written with: tocsin community apply)")
	if err != nil {
		return aboutApplication{}, err
	}
	a, err := invite.OpenApplication(file)
	if err != nil {
		return aboutApplication{}, &userError{
			Code: exitRefused, Msg: inputName(typed) + " is no application to be trusted", Err: plainFormat(err), Hint: "ask the team for a new one: tocsin community apply",
		}
	}
	return aboutApplication{id: a.Statement.ID().String(), file: file}, nil
}

// tellStanding says where an application stands now, and what comes next.
func tellStanding(e *env, a *api.Application) {
	complain(e.Stderr, "", showTeam(a.Team)+" in "+communityName(a.Community)+": "+standing(a, e.Now()))
}

// tellSigned shows what was signed about an application.
func tellSigned(e *env, what string, a *api.Application, text string) {
	parts := []string{what + " " + showTeam(a.Team)}
	if a.Parent != "" {
		parts = append(parts, "parent organisation "+cleanLine(a.Parent))
	}
	parts = append(parts, "in "+communityName(a.Community), "application "+short(a.ID))
	complain(e.Stderr, "", "signed: "+strings.Join(parts, ", "))
	if text != "" {
		complain(e.Stderr, "", "saying: "+cleanLine(text))
	}
}
