package main

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/notice"
)

func requestListCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "list",
		Usage: "list the requests that are here, the newest first",
		Help: `Requests of this team and of others, in communities and private ones. REPLY BY is the time that was asked for, or the later one
from which an answer counts as late. STATE is closed or withdrawn by who asked, else who has answered. tocsin request show
tells where a request stands with each team; tocsin ledger gathers that over all requests.`,
		Examples: []string{"tocsin request list --since 7d"},
		Flags:    listFlags(),
		Run:      runList(e, (*client.Client).Requests, writeRequests),
	})
}

func writeRequests(e *env, entries []api.Entry) error {
	if len(entries) == 0 {
		complain(e.Stderr, "", "no requests here")
		return nil
	}
	t := newTable("ID", "SEEN", "TLP", "ACTION", "REPLY BY", "STATE", "FROM", "TO", "IN", "TITLE")
	for i := range entries {
		n := &entries[i]
		action, by := "-", "-"
		if n.Request != nil {
			action = n.Request.Action.String()
		}
		if due := countedDue(n); !due.IsZero() {
			by = showDistance(due, e.Now())
		}
		t.add(short(n.ID), showDistance(n.Sighting.Seen, e.Now()), markingOf(n), action, by, progressOf(n), teamName(n.Author), askedShort(n), channelName(n),
			truncate(cleanLine(headline(n)), 100))
	}
	return t.write(e.Stdout)
}

// countedDue is when an answer counts as late.
func countedDue(n *api.Entry) time.Time {
	if n.Progress != nil && n.Progress.Due != nil {
		return n.Progress.Due.At
	}
	if n.Request == nil {
		return time.Time{}
	}
	return n.Request.ReplyBy
}

// progressOf is how far a request is, in a narrow column.
func progressOf(n *api.Entry) string {
	p := n.Progress
	switch {
	case p == nil:
		return "-"
	case !p.Withdrawn.IsZero():
		return "withdrawn"
	case !p.Closed.IsZero():
		return "closed"
	case p.Answered == 0:
		return "open"
	case len(p.Asked) > 1:
		return fmt.Sprintf("%d of %d answered", min(p.Answered, len(p.Asked)), len(p.Asked))
	case len(p.Asked) == 0:
		return fmt.Sprintf("%d answered", p.Answered)
	}
	return "answered"
}

// askedShort names who is asked, in a narrow column.
func askedShort(n *api.Entry) string {
	switch {
	case n.Progress == nil || n.Request == nil && n.Red == nil:
		return "-"
	case len(n.Progress.Asked) == 0:
		return "everybody"
	}
	var names []string
	for _, t := range n.Progress.Asked {
		names = append(names, teamName(t))
	}
	return truncate(strings.Join(names, ", "), 40)
}

func requestShowCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "show",
		Usage: "show one request, its answers, and where it stands with each team",
		Args:  "REQUEST",
		Help: `REQUEST is an ID or the first characters of one. Times of answers are by this node's account: a claim of the author, held
against what this node itself saw. A team that is away (unreachable), one whose machine has the request and no human answered
(silent), one that declined and one that is late are told apart.
` + redHelp,
		Examples: []string{"tocsin request show rafdcebd6a2x", "tocsin request show --as 'Ada Obi' rafdcebd6a2x"},
		Flags:    []cli.Flag{&cli.PathFlag{Name: "save", Usage: "write the attachments into `DIR`"}, asFlag()},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			r, err := askRequest(ctx, d, c)
			if err != nil {
				return err
			}
			warnRed(e, &r.Entry)
			if e.JSON {
				err = printAnswer(e, r)
			} else {
				err = writeRequest(e, r)
			}
			if err != nil || !c.IsSet("save") || r.Request == nil {
				return err
			}
			return attached{d, &r.Entry}.save(ctx, e, c.Path("save"))
		},
	})
}

func writeRequest(e *env, r *api.RequestView) error {
	s, names := &sheet{now: e.Now()}, namesOf(r)
	if r.Request != nil {
		s.limits(&r.Request.Marking)
	}
	s.title(headline(&r.Entry))
	s.gap()
	writeEnvelope(s, &r.Entry)
	s.red(e, &r.Entry, "request")
	if q := r.Request; q != nil {
		s.marking(&q.Marking)
		s.line("Action", q.Action.String()+", priority "+q.Priority.String())
		s.line("Reply by", replyBy(&r.Entry, s.now))
		s.line("Asked", askedOf(q, r))
		s.line("Case", q.Case)
		s.line("Legal basis", q.LegalBasis)
		s.permission("May pass on", q.Permission, names)
		s.affected(&q.Affected)
		s.references(q.References)
		s.attachments(r.Attachments)
		s.line("Their ref", q.OurRef)
		s.line("Your ref", q.YourRef)
	}
	for _, id := range r.CaseOthers {
		s.line("Same case", id.String())
	}
	writeDeliveries(s, r.Deliveries)
	if r.Request != nil {
		s.texts(r.Request.Texts)
	}
	writeStanding(s, r.Standing)
	for i := range r.Answers {
		writeAnswer(s, &r.Answers[i], names)
	}
	if r.MoreAnswers > 0 {
		s.gap()
		s.title(plural(r.MoreAnswers, "answer") + " more: the newest of each team are shown")
	}
	return s.write(e.Stdout)
}

// replyBy is the time that was asked for, and the one from which an answer counts as late where that is another.
func replyBy(n *api.Entry, now time.Time) string {
	if n.Request.ReplyBy.IsZero() {
		return ""
	}
	text := showTime(n.Request.ReplyBy, now)
	if n.Progress == nil || n.Progress.Due == nil || n.Progress.Due.At.Sub(n.Request.ReplyBy).Abs() <= time.Second {
		return text
	}
	why := "it left late"
	if n.Progress.Due.Floor > 0 {
		why = "the floor is " + waited(n.Progress.Due.Floor)
	}
	return text + ", counted from " + showTime(n.Progress.Due.At, now) + ": " + why
}

// askedOf names the teams asked; the standing knows their names.
func askedOf(q *notice.Request, r *api.RequestView) string {
	if len(q.To) == 0 {
		return "everybody in the community"
	}
	names := map[string]string{}
	for _, st := range r.Standing {
		names[st.Team.ID.String()] = showTeam(st.Team)
	}
	var to []string
	for _, id := range q.To {
		name := names[id.String()]
		if name == "" {
			name = short(id)
		}
		to = append(to, name)
	}
	return strings.Join(to, ", ")
}

func writeDeliveries(s *sheet, deliveries []api.Delivery) {
	for _, d := range deliveries {
		switch {
		case !d.Delivered.IsZero():
			s.linef("Delivery", "%s has it since %s", showTeam(d.To), showTime(d.Delivered, s.now))
		case d.Last != "":
			s.linef("Delivery", "%s %s; tried %s, next try %s", showTeam(d.To), undelivered(d.Last), plural(d.Attempts, "time"), nextTry(d.Next, s.now))
		default:
			s.linef("Delivery", "%s does not have it yet", showTeam(d.To))
		}
	}
}

// undelivered says why a team does not have a request, without naming it again.
func undelivered(last string) string {
	if last == api.NotReached {
		return last
	}
	return "does not have it: " + last
}

// nextTry is never in the past: what is due is tried as soon as there is room.
func nextTry(t, now time.Time) string {
	if !t.After(now) {
		return "now"
	}
	return showDistance(t, now)
}

func writeStanding(s *sheet, standing []api.Standing) {
	if len(standing) == 0 {
		return
	}
	s.gap()
	s.title("Where it stands:")
	for _, st := range standing {
		s.prose("  " + cleanLine(showTeam(st.Team)+": "+standingSentence(&st, s.now)))
	}
}

// standingSentence is one row of the ledger in words.
func standingSentence(st *api.Standing, now time.Time) string {
	text := st.State
	over, at := "", time.Time{}
	switch {
	case !st.Withdrawn.IsZero():
		over, at = "withdrawn", st.Withdrawn
	case !st.Closed.IsZero():
		over, at = "closed", st.Closed
	}
	if text == over {
		text += " " + showTime(at, now)
	}
	if st.Reason != "" {
		text += " (" + st.Reason.String() + ")"
	}
	if st.Timing != "" && st.Timing != st.State {
		text += ", " + st.Timing
	}
	if st.Waited > 0 {
		wait := waited(st.Waited)
		if st.Acknowledged.IsZero() {
			text += ", waiting for " + wait
		} else {
			text += ", first answer after " + wait
		}
	}
	if st.Voluntary {
		text += ", not asked by name"
	}
	if over != "" && st.State != over {
		text += ", " + over + " " + showTime(at, now)
	}
	return text
}

func waited(seconds int64) string {
	return words(time.Duration(min(seconds, int64(maxSpan/time.Second))) * time.Second)
}

func writeAnswer(s *sheet, n *api.Entry, names map[string]string) {
	s.gap()
	what := n.Kind
	var texts []notice.Text
	var more [][2]string
	switch {
	case n.Reply != nil:
		what, texts = n.Reply.State.String(), n.Reply.Texts
		if n.Reply.Reason != "" {
			what += ": " + n.Reply.Reason.String()
		}
		more = [][2]string{{"Result", n.Reply.Result}, {"Use of data", n.Reply.UseOfData}, {"Their ref", n.Reply.OurRef}}
	case n.Close != nil:
		what, texts = "closed", n.Close.Texts
		if n.Close.Opinion != "" {
			what += ": " + n.Close.Opinion.String()
		}
	case n.Withdraw != nil:
		what, texts = "withdrawn", n.Withdraw.Texts
	case n.Red != nil:
		what = fmt.Sprintf("%s, %s, for %s", n.Kind, n.Red.Marking.TLP, n.Red.For)
	case n.Unread != "":
		what = fmt.Sprintf("%s, not readable: %s", n.Kind, n.Unread)
	}
	s.title(showTeam(n.Author) + ", " + showTime(n.Created, s.now) + ": " + what)
	for _, m := range n.Marks {
		s.line("  Marked as", markingOf(n))
		s.line("  Beware", m.Word+": "+m.Detail)
	}
	if n.Reply != nil {
		s.permission("  Granted for", n.Reply.Grant, names)
	}
	for _, m := range more {
		if m[1] != "" {
			s.title("  " + m[0] + ":")
			s.prose("  " + strings.ReplaceAll(m[1], "\n", "\n  "))
		}
	}
	for _, t := range texts {
		if t.Summary == "" || t.Title != ownTitle(n) {
			s.prose(t.Title)
		}
		s.prose(t.Summary)
	}
}

// ownTitle is the title that this program gives the text of an answer, and which says nothing that the line above it does not.
func ownTitle(n *api.Entry) string {
	switch {
	case n.Reply != nil:
		return replyTitle(n.Reply.State)
	case n.Close != nil:
		return closeTitle
	default:
		return withdrawTitle
	}
}

// namesOf are the names of the teams and communities that a request is about, as far as the daemon knows them.
func namesOf(r *api.RequestView) map[string]string {
	names := map[string]string{r.Author.ID.String(): withID(r.Author.Name, r.Author.Alike, r.Author.ID)}
	maps.Copy(names, r.Names)
	for _, st := range r.Standing {
		names[st.Team.ID.String()] = withID(st.Team.Name, st.Team.Alike, st.Team.ID)
	}
	return names
}
