package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// ruleFlags are the options of a charter that say who belongs to the community and what members may do.
func ruleFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "template", Usage: "begin with the rule called `NAME`; tocsin community templates lists them"},
		&cli.StringFlag{Name: "rule", Usage: "who decides on members: `RULE`, founders or sponsors"},
		&cli.IntFlag{Name: "sponsors", Usage: "`N` members of different parent organisations must sponsor a team (default 2)"},
		&cli.IntFlag{Name: "witnesses", Usage: "`N` other members must attest that the window ran (default 1)"},
		&cli.StringFlag{Name: "window", Usage: "an application lies open for this `SPAN` (default 21d)"},
		&cli.IntFlag{Name: "objections", Usage: "`N` objections keep a team out (default 1)"},
		&cli.IntFlag{Name: "removal", Usage: "`N` members must vote for a removal (default 3)"},
		&cli.IntFlag{Name: "budget", Usage: "a member that is no founder may bring in `N` teams, those that they bring in counted (default 20)"},
		&cli.StringFlag{Name: "history", Usage: "what a new member may read of what was sealed before: `WORD`, all or admission (default all)"},
		&cli.StringFlag{Name: "parking", Usage: "where sealed bodies may wait for members that are away: `WORD`, none or members (default none)"},
		&cli.StringFlag{Name: "domain", Usage: "the community is that of the owner of `DOMAIN`, who says so there; see: tocsin community prove"},
		&cli.StringSliceFlag{Name: "parent", Usage: "`NAME` of this team's parent organisation, or TEAM=NAME of another founder's; may be repeated"},
	}
}

// readRule reads ruleFlags.
func readRule(c *cli.Context, f *api.Found) error {
	f.Template, f.Domain = c.String("template"), c.String("domain")
	f.History, f.Parking = notice.History(c.String("history")), notice.Parking(c.String("parking"))
	f.Admission.Rule = notice.Rule(c.String("rule"))
	for _, flag := range []string{"template", "rule", "history", "parking"} {
		if err := oneOf(c, flag, flagWords(flag)); err != nil {
			return err
		}
	}
	for _, number := range []struct {
		flag string
		at   *int
	}{
		{"sponsors", &f.Admission.Sponsors},
		{"witnesses", &f.Admission.Witnesses},
		{"objections", &f.Admission.Objections},
		{"removal", &f.Admission.Removal},
		{"budget", &f.Admission.Budget},
	} {
		if *number.at = c.Int(number.flag); c.IsSet(number.flag) && *number.at < 1 {
			return usageErrorf("a number from 1", "--%s %d: it must be at least 1", number.flag, *number.at)
		}
	}
	window, err := spanFlag(c, "window")
	if err != nil {
		return err
	}
	f.Admission.Window = int(window / time.Second)
	for _, typed := range c.StringSlice("parent") {
		p := api.FounderParent{Name: strings.TrimSpace(typed)}
		if team, name, ok := strings.Cut(typed, "="); ok {
			p = api.FounderParent{Team: strings.TrimSpace(team), Name: strings.TrimSpace(name)}
		}
		if p.Name == "" {
			return usageErrorf("such as --parent 'Ministry of Transport', or --parent 'CERT-B=University'", "--parent %q names no organisation", typed)
		}
		f.Parents = append(f.Parents, p)
	}
	return nil
}

func oneOf(c *cli.Context, flag string, allowed []string) error {
	typed := c.String(flag)
	if !c.IsSet(flag) {
		return nil
	}
	if slices.Contains(allowed, typed) {
		return nil
	}
	hint := "one of " + strings.Join(allowed, ", ")
	if near := nearest(typed, allowed); near != "" {
		hint = "did you mean " + near + "? " + hint
	}
	return usageErrorf(hint, "--%s: %q is not one", flag, typed)
}

func templateNames() []string {
	var names []string
	for _, t := range api.Templates() {
		names = append(names, t.Name)
	}
	return names
}

// ruleWordsOf are the words that a flag of a charter takes.
func ruleWordsOf(flag string) []string {
	switch flag {
	case "rule":
		return []string{string(notice.RuleFounders), string(notice.RuleSponsors)}
	case "history":
		return []string{string(notice.HistoryAll), string(notice.HistoryAdmission)}
	case "parking":
		return []string{string(notice.ParkingNone), string(notice.ParkingMembers)}
	}
	return nil
}

// ruleWords says a rule of membership in a sentence without its full stop.
func ruleWords(a notice.Admission) string {
	switch cmp.Or(a.Rule, notice.RuleFounders) {
	case notice.RuleFounders:
		return "one founder's word makes a team a member, and one founder's word removes it for good"
	case notice.RuleSponsors:
	default:
		return fmt.Sprintf("by a rule %+.40q that this release does not know", a.Rule)
	}
	sponsors := "1 member sponsors a team"
	if a.Sponsors > 1 {
		sponsors = fmt.Sprintf("%d members of different parent organisations sponsor a team", a.Sponsors)
	}
	return fmt.Sprintf("%s, %s that its application lay open for %s, and %s it out; %s; a member that is no founder may bring in %s",
		sponsors, verb(a.Witnesses, "other member", "attests", "attest"), words(a.Duration()), verb(a.Objections, "objection", "keeps", "keep"),
		verb(a.Removal, "vote", "removes a member", "remove a member"), plural(a.Budget, "team"))
}

// verb is plural with the verb that belongs to the number.
func verb(n int, noun, one, several string) string {
	if n == 1 {
		return plural(n, noun) + " " + one
	}
	return plural(n, noun) + " " + several
}

func historyWords(h notice.History) string {
	switch cmp.Or(h, notice.HistoryAll) {
	case notice.HistoryAll:
		return "what was sealed before, as long as it is kept"
	case notice.HistoryAdmission:
		return "nothing that was sealed before"
	}
	return string(h)
}

func parkingWords(p notice.Parking) string {
	switch cmp.Or(p, notice.ParkingNone) {
	case notice.ParkingNone:
		return "wait with their author"
	case notice.ParkingMembers:
		return "wait at any member, sealed"
	}
	return string(p)
}

func communityTemplatesCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "templates",
		Usage: "show the rule templates for new communities",
		Help: `A template is a set of charter options under a name, for tocsin community found --template NAME. Flags go before it. A template is no
community: the community that is founded with it has the name and the founders that you give it.`,
		Examples: []string{"tocsin community templates"},
		Run: func(context.Context, *cli.Context) error {
			all := api.Templates()
			if e.JSON {
				return printAnswer(e, struct {
					Templates []api.Template `json:"templates"`
				}{all})
			}
			s := &sheet{now: e.Now()}
			for i, t := range all {
				if i > 0 {
					s.gap()
				}
				s.title(t.Name + ": " + t.For)
				s.line("Members", ruleWords(t.Admission))
				s.line("New ones read", historyWords(t.History))
				s.line("Bodies", parkingWords(t.Parking))
				s.linef("Keeps records", "%d days", t.RetentionDays)
				s.line("Reply floor", words(time.Duration(t.ReplyByFloor)*time.Second))
				if t.LifeDays > 0 {
					s.linef("Ends", "%d days after it is founded", t.LifeDays)
				}
				s.linef("Needs", "%d founders at least", t.Admission.Sponsors+t.Admission.Witnesses)
			}
			return s.write(e.Stdout)
		},
	})
}
