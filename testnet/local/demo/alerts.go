package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// warn sends the alert; all six verify and keep it.
func (s *stage) warn(ctx context.Context, p *papers) error {
	s.out.scene("An alert")
	s.out.say(`%s has an advisory (CSAF) that everybody must see. Title and references are taken from it; the marking never is, it must be said.
The ID is printed once the record is on stable storage.`, national)
	if err := p.lay(s.Dir); err != nil {
		return err
	}
	id, err := s.do(ctx, national, "alert", "send", "--community", community, "--tlp", "clear", "--severity", "severe", "--urgency", "immediate",
		"--certainty", "observed", "--attach", p.advisories[0])
	if err != nil {
		return err
	}
	s.story = append(s.story, chapter{"alert", id})
	if err := s.everywhere(ctx, id, s.names()); err != nil {
		return err
	}
	if _, err := s.do(ctx, silent, "alert", "list"); err != nil {
		return err
	}
	s.out.saw("all six have it on disk, signature, delegation and attachment checked")
	s.out.say("It proves itself to anybody, without tocsin's help too:")
	return s.proveIt(ctx, id)
}

// everywhere waits until the teams list the record, and looks at what each can prove of it.
func (s *stage) everywhere(ctx context.Context, id string, teams []string) error {
	if err := s.Until(ctx, settle, func(ctx context.Context) error {
		for _, name := range teams {
			if r, err := s.Team(name).Client().Record(ctx, id); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			} else if !r.Proof.BodyMatch {
				return fmt.Errorf("%s has %s without its body", name, id)
			}
		}
		return nil
	}); err != nil {
		return err
	}
	for _, name := range teams {
		r, err := ask[api.RecordView](ctx, s, name, "record", "show", id)
		if err != nil {
			return err
		}
		if r.ID.String() != id || r.Author.Name != national || !r.Proof.BodyMatch || r.Alert == nil || r.Alert.Marking.TLP != notice.TLPClear {
			return fmt.Errorf("%s holds something else as %s", name, id)
		}
	}
	return nil
}

// proveIt exports the record at two nodes, which must give the same bytes, and verifies the file.
func (s *stage) proveIt(ctx context.Context, id string) error {
	const file = "alert.dsse.json"
	if _, err := s.do(ctx, slow, "record", "export", "-o", file, head(id)); err != nil {
		return err
	}
	here, err := os.ReadFile(filepath.Join(s.Dir, file))
	if err != nil {
		return fmt.Errorf("read export: %w", err)
	}
	there, err := s.run(ctx, national, "record", "export", id)
	if err != nil {
		return err
	}
	if !bytes.Equal(here, []byte(there.Stdout)) {
		return fmt.Errorf("%s and %s export %s with different bytes", slow, national, id)
	}
	if _, err := s.do(ctx, slow, "record", "verify", file); err != nil {
		return err
	}
	s.out.saw("two nodes export the same bytes, and they verify")
	return nil
}

// more sends what else there is of real documents.
func (s *stage) more(ctx context.Context, p *papers) error {
	var ids []string
	for _, a := range p.advisories[1:] {
		id, err := s.do(ctx, national, "alert", "send", "--community", community, "--tlp", "clear", "--attach", a)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	if len(p.reports) > 0 {
		args := []string{"alert", "send", "--community", community, "--tlp", "clear", "--title", "Indicators in MISP format"}
		for _, r := range p.reports {
			args = append(args, "--attach", r)
		}
		id, err := s.do(ctx, national, args...)
		if err != nil {
			return err
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		if err := s.everywhere(ctx, id, s.names()); err != nil {
			return err
		}
	}
	if len(ids) > 0 {
		s.out.saw("all six have these %d as well, with their attachments", len(ids))
	}
	return nil
}

// revise updates the alert; then a node is lost, and the alert is cancelled.
func (s *stage) revise(ctx context.Context, p *papers) error {
	first := s.story[0].id
	s.out.scene("An update, a lost node, a cancel")
	s.out.say("Nothing is edited in place: an update is a new record that names the old one.")
	update, err := s.do(ctx, national, "alert", "update", "--tlp", "clear", "--summary", p.update, head(first))
	if err != nil {
		return err
	}
	s.story = append(s.story, chapter{"update", update})
	if err := s.everywhere(ctx, update, s.names()); err != nil {
		return err
	}
	s.out.say("Now the far island loses its power: the node of %s is killed with SIGKILL. Then the alert is taken back.", unreachable)
	s.out.typed(unreachable, fmt.Sprintf("kill -9 %d", s.Team(unreachable).Pid()))
	s.Team(unreachable).Kill()
	cancel, err := s.do(ctx, national, "alert", "cancel", "--summary", p.cancel, head(update))
	if err != nil {
		return err
	}
	s.story = append(s.story, chapter{"cancel", cancel})
	if err := s.everywhere(ctx, cancel, without(s.names(), unreachable)); err != nil {
		return err
	}
	if _, err := s.do(ctx, helpful, "alert", "list", "--limit", "3"); err != nil {
		return err
	}
	s.out.say("Who has the cancel, by what each node itself says:")
	return s.tellWhoHas(ctx, without(s.names(), unreachable))
}

// tellWhoHas prints which records of the story each node holds. Those named must have them all, the
// others must not be there to ask.
func (s *stage) tellWhoHas(ctx context.Context, have []string) error {
	row := []string{""}
	for _, c := range s.story {
		row = append(row, c.what)
	}
	s.out.answered(tabulate(row))
	missing := 0
	for _, name := range s.names() {
		if !s.Team(name).Running() {
			s.out.answered(tabulate([]string{name, "no node answers"}))
			missing++
			continue
		}
		list, err := ask[api.Entries](ctx, s, name, "alert", "list")
		if err != nil {
			return err
		}
		row := []string{name}
		for _, c := range s.story {
			if !holds(list, c.id) {
				return fmt.Errorf("%s does not have the %s", name, c.what)
			}
			row = append(row, "yes")
		}
		s.out.answered(tabulate(row))
	}
	if missing != len(s.names())-len(have) {
		return fmt.Errorf("%d nodes do not answer", missing)
	}
	s.out.saw("%d of %d have the cancel", len(have), len(s.names()))
	return nil
}

func holds(list *api.Entries, id string) bool {
	for i := range list.Entries {
		if list.Entries[i].ID.String() == id {
			return true
		}
	}
	return false
}

// tabulate sets words under each other, the first column wide enough for a team's name.
func tabulate(words []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-14s", words[0])
	for _, w := range words[1:] {
		fmt.Fprintf(&b, "%-9s", w)
	}
	return b.String()
}

func without(names []string, name string) []string {
	var rest []string
	for _, n := range names {
		if !strings.EqualFold(n, name) {
			rest = append(rest, n)
		}
	}
	return rest
}
