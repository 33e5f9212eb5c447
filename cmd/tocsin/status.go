package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
)

func statusCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "status",
		Usage: "say how this node is",
		Help: `One sentence on whether all is well, then what an operator should look at, then peers, communities, delivery, store and clock.
What needs attention is said in words; the exit code is 0 whenever the daemon answers.`,
		Examples: []string{"tocsin status", "tocsin status --json"},
		Run: func(ctx context.Context, _ *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			st, err := d.Status(ctx)
			if err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, st)
			}
			return writeStatus(e, st)
		},
	})
}

func writeStatus(e *env, st *api.Status) error {
	s := &sheet{now: e.Now()}
	s.title(statusSentence(st))
	for _, w := range st.Warnings {
		s.prose("! " + cleanLine(w))
	}
	s.gap()
	s.line("Team", showTeam(st.Team))
	s.line("Node", short(st.Node)+", speaks for the team until "+showTime(st.Until, s.now))
	s.linef("Running", "since %s, version %s", showTime(st.Started, s.now), st.Version)
	s.list("Listens on", st.Addresses)
	writePeers(s, st.Peers)
	for _, c := range st.Communities {
		s.line("Community", communitySentence(&c, s.now))
	}
	s.line("Delivery", delivery(st))
	s.line("Records", recordsSentence(st))
	s.line("Store", storeSentence(&st.Store))
	s.line("Clock", showInstant(s.now)+" on this machine")
	return s.write(e.Stdout)
}

// statusSentence is the plain answer. What is wrong with the node is the daemon's to say, in the warnings.
func statusSentence(st *api.Status) string {
	state := "All is well"
	switch {
	case len(st.Warnings) == 1:
		state = "One thing needs a look"
	case len(st.Warnings) > 1:
		state = fmt.Sprintf("%d things need a look", len(st.Warnings))
	case len(st.Communities) == 0:
		state = "Running, in no community yet"
	case len(st.Peers) == 0:
		state = "Running, and connected to nobody at the moment"
	}
	return fmt.Sprintf("%s: connected to %s, in %s, %s waiting to be delivered.", state, plural(len(st.Peers), "peer"),
		plural(len(st.Communities), "community"), plural(st.Outbox, "private record"))
}

func writePeers(s *sheet, peers []api.Peer) {
	var lines []string
	for _, p := range peers {
		line := showTeam(p.Team) + " at " + p.Address
		if !p.Since.IsZero() {
			line += ", since " + showTime(p.Since, s.now)
		}
		lines = append(lines, line)
	}
	s.list("Peers", lines)
}

func communitySentence(c *api.Community, now time.Time) string {
	text := fmt.Sprintf("%s (%s), %s of %s, %d connected", cleanLine(c.Name), short(c.ID), c.Role, plural(len(c.Members), "member"), online(c.Members))
	if !c.InStep.IsZero() {
		text += ", in step " + showDistance(c.InStep, now)
	}
	return text
}

func delivery(st *api.Status) string {
	if st.Outbox == 0 {
		return "nothing waits"
	}
	return plural(st.Outbox, "private record") + " waiting for recipients; tocsin request show tells why"
}

func recordsSentence(st *api.Status) string {
	var parts []string
	for _, kind := range slices.Sorted(maps.Keys(st.Records)) {
		parts = append(parts, plural(st.Records[kind], cleanLine(kind)))
	}
	if len(parts) == 0 {
		parts = append(parts, "none yet")
	}
	return strings.Join(parts, ", ") + "; " + plural(st.Statements, "statement")
}

func storeSentence(s *api.Store) string {
	text := bytesOf(s.Used) + " used"
	if s.Quota > 0 {
		text += " of " + bytesOf(s.Quota)
	}
	return text + ", " + bytesOf(s.Free) + " free on the disk; below " + bytesOf(s.Floor) + " nothing is written"
}
