package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

func communityRemoveCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "remove",
		Usage: "remove a team from a community, or vote for it",
		Args:  "COMMUNITY TEAM",
		Help: `COMMUNITY and TEAM are names, IDs or the first characters of one. Where a founder's word decides, a founder removes the team at once and
for good. Where members decide, this proposes the removal, or votes for the proposal there is, and says how many votes it has of how
many; with enough it takes effect, for founders too. Where several proposals are open, as when two members began at the same moment, it
votes for the one with most votes of those that this team has not voted for: one of them needs all the votes. The team may apply again.

A removed team is disconnected, and what it writes from then on is outside the community for all. What it wrote before stays, as far
as the first who proposed it had it.

A founder's removal cannot be taken back, and the team cannot become a member of this community again; nor can a vote be taken back. So
it is refused unless TEAM is the whole ID, or --for-good says that you know.`,
		Examples: []string{"tocsin community remove --for-good --reason 'Leaked two reports' 'Drill 2026' CERT-B"},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "for-good", Usage: "remove the team or vote for it, knowing that it cannot be taken back"},
			&cli.StringFlag{Name: "reason", Usage: "why, in a `LINE` for all members"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			if _, err := identity.ParseTeam(c.Args().Get(1)); err != nil && !c.Bool("for-good") {
				reason := ""
				if c.IsSet("reason") {
					reason = " --reason" + quoteAll([]string{c.String("reason")})
				}
				return usageErrorf("if it is meant so: "+programName+" community remove --for-good"+reason+quoteAll(c.Args().Slice()),
					"a removal is for good: it cannot be taken back")
			}
			d, err := dial(e)
			if err != nil {
				return err
			}
			r, err := d.Remove(ctx, c.Args().First(), api.RemoveDraft{Team: c.Args().Get(1), Reason: c.String("reason")})
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, r)
			}
			tellRemoved(e, r)
			_, err = fmt.Fprintln(e.Stdout, r.Statement)
			return err
		},
	})
}

func tellRemoved(e *env, r *api.RemovedTeam) {
	votes := fmt.Sprintf("%d of %d votes", r.Votes, r.Needed)
	switch {
	case r.Removed && r.Rule == notice.RuleSponsors:
		complain(e.Stderr, "", "removed "+showTeam(r.Team)+" with "+votes)
	case r.Removed:
		complain(e.Stderr, "", "removed "+showTeam(r.Team)+" for good; it cannot become a member of this community again")
	case r.Proposed:
		complain(e.Stderr, "", "proposed to remove "+showTeam(r.Team)+": "+votes+"; other members vote with the same command")
	default:
		text := "voted to remove " + showTeam(r.Team)
		if r.By.ID != (identity.TeamID{}) {
			text += ", as " + showTeam(r.By) + " proposed"
		}
		text += ": " + votes
		if r.Beside > 0 {
			text += "; " + plural(r.Beside, "other proposal") + " to remove it, with votes of its own, stays open beside it"
		}
		complain(e.Stderr, "", text)
	}
}

func communityLeaveCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "leave",
		Usage: "end this team's own membership",
		Args:  "COMMUNITY",
		Help: `What this team wrote so far stays with the members. From now on it gets nothing new of the community and can say nothing there. It can
become a member again as it became one, where the charter's rule lets it: it applies again, or a founder invites it. Where a founder's
word decides and this team is the last founder, nobody can admit or remove a team any more: then it is refused without --for-good.`,
		Examples: []string{"tocsin community leave 'Drill 2026'"},
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "for-good", Usage: "leave as the last founder, knowing that nobody decides on members any more"},
			&cli.StringFlag{Name: "reason", Usage: "why, in a `LINE` for all members"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			m, err := d.Community(ctx, c.Args().First())
			if err != nil {
				return err
			}
			if lastFounder(m) && !c.Bool("for-good") {
				reason := ""
				if c.IsSet("reason") {
					reason = " --reason" + quoteAll([]string{c.String("reason")})
				}
				return usageErrorf("if it is meant so: "+programName+" community leave --for-good"+reason+quoteAll(c.Args().Slice()),
					"this team is the last founder of %s: without it nobody can admit a team or remove one, and nobody can let it in again", cleanLine(m.Name))
			}
			left, err := d.Leave(ctx, c.Args().First(), api.LeaveDraft{Reason: c.String("reason")})
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, left)
			}
			complain(e.Stderr, "", "left "+communityName(left.Community)+": what this team wrote stays with the members, and nothing new comes from there; "+wayBack(m))
			_, err = fmt.Fprintln(e.Stdout, left.Statement)
			return err
		},
	})
}

// lastFounder reports whether this team is the only founder left where a founder's word decides.
func lastFounder(m *api.Community) bool {
	founders := 0
	for _, member := range m.Members {
		if member.Founder {
			founders++
		}
	}
	return m.Admission.Rule == notice.RuleFounders && m.Role == "founder" && founders == 1
}

// wayBack says how this team becomes a member again once it has left.
func wayBack(m *api.Community) string {
	switch {
	case m.Admission.Rule == notice.RuleSponsors:
		return "it may apply again"
	case lastFounder(m):
		return "nobody can let it in again"
	}
	return "a founder can invite it again"
}
