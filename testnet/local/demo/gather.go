package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/testnet/local"
)

// identities gives every team its keys.
func (s *stage) identities(ctx context.Context) error {
	s.out.scene("Six teams, six keys")
	s.out.say(`Six teams of one region, which is invented: the %s. In real life each sits at its own machine; here all are on this one, and
NAME$ says at whose prompt a command is typed. There is no server. A team begins by making its keys; nobody has to be asked.`, s.Schema.Region)
	if err := os.WriteFile(filepath.Join(s.Dir, "passphrase.txt"), []byte("the bells of Sundrift at noon\n"), 0o600); err != nil {
		return fmt.Errorf("write passphrase: %w", err)
	}
	made := func(t *local.Team) []string {
		return []string{"init", "--team", t.Name, "--passphrase-file", "passphrase.txt"}
	}
	answers := make([]string, len(s.Teams()))
	if err := s.Each(func(t *local.Team) error {
		r, err := s.run(ctx, t.Name, made(t)...)
		for i, o := range s.Teams() {
			if o == t {
				answers[i] = r.Stdout
			}
		}
		return err
	}); err != nil {
		return err
	}
	for i, t := range s.Teams() {
		s.out.typed(t.Name, quoted(made(t))...)
		if i == 0 {
			s.out.answered(strings.ReplaceAll(answers[i], s.Dir+"/", ""))
		}
	}
	return nil
}

// daemons starts the nodes.
func (s *stage) daemons(ctx context.Context) error {
	s.out.scene("Six nodes")
	began := time.Now()
	if err := s.Each(func(t *local.Team) error { return t.Start(ctx) }); err != nil {
		return err
	}
	for _, t := range s.Teams() {
		s.out.typed(t.Name, "tocsin daemon &")
	}
	s.out.saw("all six are up after %d ms, on this computer alone", time.Since(began).Milliseconds())
	return nil
}

// gather founds the community and brings the others in, with the files that they would send by mail.
func (s *stage) gather(ctx context.Context) error {
	s.out.scene("A community")
	s.out.say("%s founds it. The charter can never be changed, and its hash is the community's ID.", national)
	if _, err := s.do(ctx, national, "community", "found", "--region", s.Schema.Region, "--reply-by-floor", "2s", community); err != nil {
		return err
	}
	s.out.say("The others send their cards, compare IDs on the phone, and get an invite each. No configuration is edited.")
	for i, t := range s.Teams()[1:] {
		if err := s.bringIn(ctx, t.Name, i == 0); err != nil {
			return err
		}
	}
	s.out.say("(... and the same for the other four.)")
	if err := s.Connected(ctx); err != nil {
		return err
	}
	if _, err := s.do(ctx, national, "community", "show", community); err != nil {
		return err
	}
	return s.allBelong(ctx)
}

func (s *stage) bringIn(ctx context.Context, team string, aloud bool) error {
	card, invite := team+".card", team+".invite"
	for _, step := range []struct {
		team string
		args []string
	}{
		{team, []string{"id", "--card", "-o", card}},
		{national, []string{"invite", "--team", card, "-o", invite, community}},
		{team, []string{"join", invite}},
	} {
		var err error
		if aloud {
			_, err = s.do(ctx, step.team, step.args...)
		} else {
			_, err = s.run(ctx, step.team, step.args...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *stage) allBelong(ctx context.Context) error {
	for _, name := range s.names() {
		c, err := ask[api.Community](ctx, s, name, "community", "show", community)
		if err != nil {
			return err
		}
		online := 0
		for _, m := range c.Members {
			if m.Online || m.Self {
				online++
			}
		}
		if len(c.Members) != len(s.Teams()) || online != len(s.Teams()) {
			return fmt.Errorf("%s sees %d members, %d of them connected", name, len(c.Members), online)
		}
	}
	s.out.saw("each of the six knows all six and is connected to all others")
	return nil
}
