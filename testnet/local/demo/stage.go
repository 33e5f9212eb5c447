package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"tocsin/pkg/api"
	"tocsin/testnet/local"
)

// stage is where the demo is played: the teams and what is told of them.
type stage struct {
	*local.Cluster
	out *transcript

	story []chapter // the alert and what followed it
	asked string    // ID of the request
	due   time.Time // when its answers are

	second secondAct
}

// chapter is one record of the alert's story.
type chapter struct{ what, id string }

// do shows a command, runs it and shows its answer. It must succeed.
func (s *stage) do(ctx context.Context, team string, args ...string) (string, error) {
	s.out.typed(team, quoted(args)...)
	r, err := s.run(ctx, team, args...)
	s.out.answered(r.Stdout)
	return strings.TrimSpace(r.Stdout), err
}

// part is some lines of an answer, from the one that begins so.
type part struct {
	from string
	most int
}

// excerpt shows a command and a part of its answer.
func (s *stage) excerpt(ctx context.Context, team string, p part, args ...string) error {
	s.out.typed(team, quoted(args)...)
	r, err := s.run(ctx, team, args...)
	if err != nil {
		return err
	}
	_, rest, found := strings.Cut("\n"+r.Stdout, "\n"+p.from)
	if !found {
		return fmt.Errorf("%s$ %s\nsays nothing of %q:\n%s", team, shown(args), p.from, r.Stdout)
	}
	lines := strings.Split(strings.TrimSpace(p.from+rest), "\n")
	if len(lines) > p.most {
		lines = append(lines[:p.most], "[...]")
	}
	s.out.answered("[...]\n" + strings.Join(lines, "\n"))
	return nil
}

// run runs a command without showing it.
func (s *stage) run(ctx context.Context, team string, args ...string) (local.Result, error) {
	r, err := s.Team(team).Run(ctx, args...)
	if err == nil && r.Code != 0 {
		err = fmt.Errorf("%s$ %s\nexit code %d: %s", team, shown(args), r.Code, r.Stderr)
	}
	return r, err
}

// ask runs a command with --json, without showing it, and reads its answer.
func ask[T any](ctx context.Context, s *stage, team string, args ...string) (*T, error) {
	r, err := s.run(ctx, team, append([]string{"--json"}, args...)...)
	if err != nil {
		return nil, err
	}
	a := new(T)
	if err := api.DecodeAnswer([]byte(r.Stdout), a); err != nil {
		return nil, fmt.Errorf("%s$ %s: %w", team, shown(args), err)
	}
	return a, nil
}

// head is the beginning of an ID, as the lists of the program show it and as a person types it.
func head(id string) string { return id[:min(len(id), 12)] }

// shown writes a command as a person would type it.
func shown(args []string) string { return strings.Join(quoted(args), " ") }

// quoted are the words of a command, quoted where a shell would want it.
func quoted(args []string) []string {
	words := []string{"tocsin"}
	for _, a := range args {
		if a == "" || strings.Trim(a, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:=@") != "" {
			a = "'" + strings.ReplaceAll(a, "'", `'\''`) + "'"
		}
		words = append(words, a)
	}
	return words
}

// names are all teams, in the order of the schema.
func (s *stage) names() []string {
	var names []string
	for _, t := range s.Teams() {
		names = append(names, t.Name)
	}
	return names
}
