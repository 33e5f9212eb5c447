package main

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/client"
	"tocsin/pkg/identity"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/record"
)

func statusCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "status",
		Usage: "say how this node is",
		Help: `One sentence on whether all is well, then what an operator should look at, then peers, whom it tries to
reach and why that failed, communities, delivery, store and clock.
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
			return writeStatus(ctx, e, d, st)
		},
	})
}

func writeStatus(ctx context.Context, e *env, d *client.Client, st *api.Status) error {
	s := &sheet{now: e.Now()}
	warnings := append(slices.Clone(st.Warnings), homeWarnings(e)...)
	e.Warned = true
	s.title(statusSentence(st, len(warnings)))
	for _, w := range warnings {
		s.prose("! " + e.here(cleanLine(w)))
	}
	s.gap()
	s.line("Team", showTeam(st.Team))
	s.line("Node", short(st.Node)+", speaks for the team until "+showTime(st.Until, s.now))
	s.linef("Running", "since %s, version %s", showTime(st.Started, s.now), st.Version)
	s.list("Listens on", st.Addresses)
	writePeers(s, st.Peers)
	writeTries(s, st)
	for _, c := range st.Communities {
		s.line("Community", communitySentence(&c, s.now))
	}
	s.line("Delivery", delivery(ctx, e, d, st))
	s.line("Records", recordsSentence(st))
	s.line("Store", storeSentence(&st.Store))
	if f := st.Store.Failure; f != nil {
		s.line("Write failed", failureSentence(f, s.now))
	}
	s.line("Clock", showInstant(s.now)+" on this machine")
	return s.write(e.Stdout)
}

// statusSentence is the plain answer. What is wrong with the node is the daemon's to say, in the warnings; the lines below it
// carry the rest.
func statusSentence(st *api.Status, warnings int) string {
	known := 0
	for _, p := range st.Peers {
		if p.Team.ID != (identity.TeamID{}) {
			known++
		}
	}
	peers := "connected to " + plural(known, "peer")
	switch {
	case known == 0 && len(st.Peers) > 0:
		peers = "connected to nobody whose team is known"
	case known == 0:
		peers = "connected to nobody at the moment"
	}
	in := 0
	for i := range st.Communities {
		if belongs(&st.Communities[i]) {
			in++
		}
	}
	communities := "in " + plural(in, "community")
	switch {
	case in == 0 && len(st.Communities) > 0:
		communities = "a member of no community"
	case in == 0:
		communities = "in no community yet"
	}
	where := communities + ", " + peers + "."
	switch {
	case warnings == 1:
		return "One thing needs a look, marked ! below. Running: " + where
	case warnings > 1:
		return fmt.Sprintf("%d things need a look, marked ! below. Running: %s", warnings, where)
	case in == 0, known == 0:
		return "Running: " + where
	}
	return "All is well: " + where
}

func belongs(c *api.Community) bool { return c.Role == "founder" || c.Role == "member" }

// homeWarnings are what only the machine of the node shows.
func homeWarnings(e *env) []string {
	home, err := e.home()
	if err != nil || !exists(filepath.Join(home, keyfile.RootFile)) {
		return nil
	}
	return []string{"the root key still lies in " + filepath.Join(home, keyfile.RootFile) + ": move it offline, and keep a copy"}
}

func writePeers(s *sheet, peers []api.Peer) {
	var lines []string
	for _, p := range peers {
		line := "team not known yet"
		if p.Team.ID != (identity.TeamID{}) {
			line = showTeam(p.Team)
		}
		line += " at " + p.Address
		if !p.Since.IsZero() {
			line += ", since " + showTime(p.Since, s.now)
		}
		lines = append(lines, line)
	}
	s.list("Peers", lines)
}

// maxTries bounds the lines about nodes that are tried; --json has more.
const maxTries = 8

// writeTries says whom the node wants to be connected to and is not, when it tries again, and why it failed.
func writeTries(s *sheet, st *api.Status) {
	var lines []string
	for _, t := range st.Trying[:min(len(st.Trying), maxTries)] {
		line := "a node whose team is not known yet"
		if t.Team.ID != (identity.TeamID{}) {
			line = showTeam(t.Team)
		}
		if t.Address != "" {
			line += " at " + t.Address
		}
		switch {
		case t.Next.IsZero():
			line += " now"
		case t.Failed > 0 || t.Why != "":
			line += " again " + showDistance(t.Next, s.now)
		default:
			line += " " + showDistance(t.Next, s.now)
		}
		if t.Why != "" {
			line += ": " + t.Why
		}
		lines = append(lines, line)
	}
	if more := len(st.Trying) - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more (--json)", more))
	}
	if len(st.Trying)+len(st.Peers) == 0 && slices.ContainsFunc(st.Communities, func(c api.Community) bool { return belongs(&c) && len(c.Members) > 1 }) {
		lines = append(lines, "nobody: no address of another member is known; put one into mesh.peers, or take a new invite")
	}
	s.list("Trying", lines)
}

func communitySentence(c *api.Community, now time.Time) string {
	text := fmt.Sprintf("%s (%s), %s, %s", cleanLine(c.Name), short(c.ID), cleanLine(c.Role), plural(len(c.Members), "member"))
	switch c.Role {
	case "removed", "left", "none":
		return text // it hears no more of it
	}
	others := len(c.Members)
	if belongs(c) {
		others--
	}
	if others > 0 {
		text += fmt.Sprintf(", %d of the others connected", online(c.Members))
	}
	if open := len(c.Applications); open > 0 {
		text += ", " + plural(open, "open application")
	}
	if open := len(c.Proposals); open > 0 {
		text += ", " + plural(open, "proposed removal")
	}
	if !c.InStep.IsZero() {
		text += ", in step " + showDistance(c.InStep, now)
	}
	return text
}

// delivery names a record that waits, so that the command which tells why can be typed.
func delivery(ctx context.Context, e *env, d *client.Client, st *api.Status) string {
	if st.Outbox == 0 {
		return "nothing waits"
	}
	text := plural(st.Outbox, "private record") + " waiting for recipients; "
	if id, ok := waitingRequest(ctx, d); ok {
		return text + e.here("tocsin request show "+short(id)) + " tells why"
	}
	return text + "it is tried again when they turn up"
}

// maxAsked bounds how many requests are looked into for one that waits.
const maxAsked = 20

// waitingRequest finds the newest own private request that has not arrived. What cannot be read is left out: it is an example.
func waitingRequest(ctx context.Context, d *client.Client) (record.ID, bool) {
	all, err := d.Requests(ctx, api.List{})
	if err != nil {
		return record.ID{}, false
	}
	asked := 0
	for i := range all.Entries {
		n := &all.Entries[i]
		if !n.Own || n.With == nil {
			continue
		}
		if asked++; asked > maxAsked {
			break
		}
		r, err := d.Request(ctx, n.ID.String())
		if err != nil {
			continue
		}
		if slices.ContainsFunc(r.Deliveries, func(v api.Delivery) bool { return v.Delivered.IsZero() }) {
			return n.ID, true
		}
	}
	return record.ID{}, false
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
	text += ", " + bytesOf(s.Free) + " free on the disk"
	switch {
	case s.Failure != nil && s.Failure.Broken:
		return text + "; it takes no writes"
	case s.Free <= 0:
		return text + ": the disk is full"
	case s.Free < s.Floor:
		return text + ": no room left above the floor of " + bytesOf(s.Floor) + " (store.floor), so nothing is written"
	}
	return text + "; below " + bytesOf(s.Floor) + " nothing is written"
}

// failureSentence tells of the last write that failed also when it is over: it is the first sign of a bad disk.
func failureSentence(f *api.StoreFailure, now time.Time) string {
	text := showTime(f.At, now)
	switch {
	case f.Broken:
		text += ", and the store takes no writes since"
	case f.Lasts:
		text += ", and nothing was written since"
	default:
		text += ", writing goes on since"
	}
	return text + ": " + cleanLine(f.Cause)
}
