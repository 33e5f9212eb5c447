package sim

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// script is a scenario being played.
type script struct {
	w       *World
	founder map[string]*Team
	loot    [][]byte
	stolen  map[*Team]*Stolen
	words   []string // of the command, those not yet read
}

func (s *script) told() []string {
	if s.w == nil {
		return nil
	}
	return s.w.Told()
}

// do plays one command and returns its answer.
func (s *script) do(line string) ([]string, error) {
	s.words = split(line)
	verb := s.word()
	if s.w == nil && verb != "teams" {
		return nil, errors.New("say first which teams there are")
	}
	switch verb {
	case "teams":
		return nil, s.teams()
	case "found", "admit", "remove":
		return nil, s.membership(verb)
	case "pace":
		d, err := duration(s.word())
		if err == nil {
			s.w.SetPace(d)
		}
		return nil, err
	case "constitute":
		return nil, s.constitute()
	case "apply", "sponsor", "object", "vote", "leave":
		return nil, s.govern(verb)
	case "freeze", "replace", "rotate", "clock":
		return nil, s.keys(verb)
	case "erase":
		return nil, s.erase()
	case "alert", "request", "reply", "close", "withdraw":
		return nil, s.speak(verb)
	case "partition", "heal", "network", "crash", "restart", "break", "pause", "resume", "snapshot", "put-back", "stay-in-step":
		return nil, s.trouble(verb)
	case "run":
		d, err := duration(s.word())
		if err != nil {
			return nil, err
		}
		return nil, s.w.Run(d)
	case "forge", "spoil", "steal", "replay", "backdate", "equivocate", "lift", "strip", "impersonate":
		return nil, s.hostile(verb)
	case "flood", "collude", "scatter", "entice", "demand", "lie", "starve":
		return nil, s.plot(verb)
	case "check":
		if err := s.w.Check(); err != nil {
			return nil, err
		}
		return []string{"all promises hold"}, nil
	case "converged":
		if err := s.w.Converged(); err != nil {
			return nil, err
		}
		return []string{"all hold the same"}, nil
	case "keeps":
		return s.keeps()
	case "ledger", "roster", "records", "outbox", "reading", "marks", "standing", "lanes":
		return s.show(verb)
	}
	return nil, fmt.Errorf("no such command: %s", verb)
}

// split cuts a line into words; what stands in quotes is one.
func split(line string) []string {
	var out []string
	for i, part := range strings.Split(line, `"`) {
		if i%2 == 1 {
			out = append(out, part)
			continue
		}
		out = append(out, strings.Fields(part)...)
	}
	return out
}

func (s *script) word() string {
	if len(s.words) == 0 {
		return ""
	}
	w := s.words[0]
	s.words = s.words[1:]
	return w
}

// after returns the word that follows key, and takes both away.
func (s *script) after(key string) (string, bool) {
	i := slices.Index(s.words, key)
	if i < 0 || i+1 >= len(s.words) {
		return "", false
	}
	v := s.words[i+1]
	s.words = slices.Delete(s.words, i, i+2)
	return v, true
}

// flag reports whether a word is there, and takes it away.
func (s *script) flag(key string) bool {
	i := slices.Index(s.words, key)
	if i >= 0 {
		s.words = slices.Delete(s.words, i, i+1)
	}
	return i >= 0
}

func (s *script) team(name string) (*Team, error) {
	if t := s.w.Team(name); t != nil {
		return t, nil
	}
	return nil, fmt.Errorf("no team %q", name)
}

// by returns the team after key.
func (s *script) by(key string) (*Team, error) {
	name, ok := s.after(key)
	if !ok {
		return nil, fmt.Errorf("say %s whom", key)
	}
	return s.team(name)
}

func duration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

func (s *script) teams() error {
	s.w = New(Config{Seed: 1})
	s.founder, s.stolen = map[string]*Team{}, map[*Team]*Stolen{}
	for _, name := range s.words {
		if _, err := s.w.AddTeam(name); err != nil {
			return err
		}
	}
	return nil
}

func (s *script) membership(verb string) error {
	if verb == "found" {
		t, err := s.by("by")
		if err != nil {
			return err
		}
		days := 0
		if keep, ok := s.after("keep"); ok {
			d, err := duration(keep)
			if err != nil {
				return err
			}
			days = int(d / (24 * time.Hour))
		}
		name := s.word()
		s.founder[name] = t
		return t.Found(name, days)
	}
	community, ok := s.after("to")
	if verb == "remove" {
		community, ok = s.after("from")
	}
	if !ok && len(s.w.regions) > 0 {
		community = s.w.regions[0]
	}
	founder := s.founder[community]
	if founder == nil {
		return fmt.Errorf("no community %q", community)
	}
	for _, name := range s.words {
		t, err := s.team(name)
		if err != nil {
			return err
		}
		if verb == "admit" {
			err = founder.Admit(community, t)
		} else {
			err = founder.Remove(community, t)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
