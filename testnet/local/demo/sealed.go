package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// tellMembers sends an AMBER alert to the community and a RED request to one team.
func (s *stage) tellMembers(ctx context.Context) error {
	s.out.scene("AMBER for the community, RED for one")
	s.out.say("%s tells all members, sealed, and asks %s alone for something that is nobody else's business.", national, helpful)
	id, err := s.do(ctx, national, "alert", "send", "--community", guild, "--tlp", "amber", "--severity", "severe",
		"--title", "Pilot boats: implant in the radio, code word "+s.second.amber.word.word)
	if err != nil {
		return err
	}
	s.second.amber.id = id
	if err := s.awaitReading(ctx, &s.second.amber, s.names()...); err != nil {
		return err
	}
	if _, err := s.do(ctx, newcomer, "alert", "show", head(id)); err != nil {
		return err
	}
	s.out.saw("all seven members read it")
	return s.askOne(ctx)
}

// reader is the person for whom the RED request is.
const reader = "Mara Lind"

// askOne sends the RED request; who is named reads and answers it, who is not does not have it.
func (s *stage) askOne(ctx context.Context) error {
	id, err := s.do(ctx, national, "request", "send", "--private", "--to", helpful, "--tlp", "red", "--person", reader, "--action", "information", "--reply-by", "2h",
		"--title", "Who used terminal 4 of ward 2? Code word "+s.second.red.word.word)
	if err != nil {
		return err
	}
	s.second.red.id = id
	if err := s.Until(ctx, settle, func(ctx context.Context) error {
		_, err := s.Team(helpful).Client().Request(ctx, id)
		return err
	}); err != nil {
		return err
	}
	closed, err := ask[api.RequestView](ctx, s, helpful, "request", "show", id)
	if err != nil {
		return err
	}
	if closed.Red == nil || closed.Request != nil {
		return fmt.Errorf("%s shows %s to anybody", helpful, id)
	}
	r, err := ask[api.RequestView](ctx, s, helpful, "request", "show", "--as", reader, id)
	if err != nil {
		return err
	}
	if r.Request == nil || r.Request.Marking.TLP != notice.TLPRed || !r.Sealed || r.With == nil || !s.second.red.word.found([]byte(r.Request.Texts[0].Title)) {
		return fmt.Errorf("%s reads something else as %s", helpful, id)
	}
	s.out.say("RED is for persons: the list at %s says that something is there, and no more; it opens for the one whom it names.", helpful)
	if _, err := s.do(ctx, helpful, "request", "list", "--limit", "1"); err != nil {
		return err
	}
	if _, err := s.do(ctx, helpful, "request", "show", "--as", reader, head(id)); err != nil {
		return err
	}
	if _, err := s.do(ctx, helpful, "reply", "--person", "Inga Sol", "--text", "A visitor's badge; we have the name.", head(id), "accept"); err != nil {
		return err
	}
	if err := s.Until(ctx, settle, func(ctx context.Context) error {
		r, err := s.Team(national).Client().Request(ctx, id)
		if err == nil && (len(r.Standing) != 1 || r.Standing[0].State != "accepted") {
			err = fmt.Errorf("at %s the request stands at %+v", national, r.Standing)
		}
		return err
	}); err != nil {
		return err
	}
	if err := s.refused(ctx, 12, declining, "request", "show", head(id)); err != nil {
		return err
	}
	if err := s.refused(ctx, 11, helpful, "record", "export", head(id)); err != nil {
		return err
	}
	if err := s.haveNot(ctx, &s.second.red, without(without(s.names(), national), helpful)...); err != nil {
		return err
	}
	s.out.saw("%s has read and answered it, the five others do not have it, and RED cannot be exported", helpful)
	return nil
}

// haveNot sees that none of the teams' nodes has the record.
func (s *stage) haveNot(ctx context.Context, m *message, names ...string) error {
	for _, name := range names {
		_, err := s.Team(name).Client().Record(ctx, m.id)
		if p, ok := errors.AsType[*api.Problem](err); !ok || p.Code != api.NotFound {
			return fmt.Errorf("%s was asked for %s, which is not for it, and answered: %w", name, m.id, err)
		}
	}
	return nil
}

// expel removes the newcomer by votes; what follows is closed to it.
func (s *stage) expel(ctx context.Context) error {
	s.out.scene("A team has to go")
	s.out.say("%s leaked what was for members. One member proposes to remove it, and with the second vote it is removed.", newcomer)
	if _, err := s.do(ctx, national, "community", "remove", "--for-good", "--reason", "Gave an AMBER alert to the newspaper", guild, newcomer); err != nil {
		return err
	}
	if err := s.Until(ctx, settle, func(ctx context.Context) error {
		c, err := s.Team(declining).Client().Community(ctx, guild)
		if err == nil && len(c.Proposals) != 1 {
			err = fmt.Errorf("%s sees %d proposals", declining, len(c.Proposals))
		}
		return err
	}); err != nil {
		return err
	}
	if err := s.stillIn(ctx); err != nil {
		return err
	}
	if _, err := s.do(ctx, declining, "community", "remove", "--for-good", guild, newcomer); err != nil {
		return err
	}
	if err := s.awaitRole(ctx, newcomer, "removed"); err != nil {
		return err
	}
	if err := s.everyoneSeesItGone(ctx); err != nil {
		return err
	}
	s.out.say("The next sealed alert has a new key, which is for the members that are left.")
	id, err := s.do(ctx, national, "alert", "send", "--community", guild, "--tlp", "amber", "--title", "Pilot boats: how to find the implant, code word "+
		s.second.after.word.word)
	if err != nil {
		return err
	}
	s.second.after.id = id
	if err := s.awaitReading(ctx, &s.second.after, without(s.names(), newcomer)...); err != nil {
		return err
	}
	return s.closed(ctx)
}

// stillIn sees that one vote removes nobody.
func (s *stage) stillIn(ctx context.Context) error {
	c, err := s.Team(declining).Client().Community(ctx, guild)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(c.Members, func(m api.Member) bool { return m.Team.Name == newcomer }) {
		return errors.New("one vote has removed " + newcomer)
	}
	return nil
}

// everyoneSeesItGone waits until no node counts the newcomer as a member.
func (s *stage) everyoneSeesItGone(ctx context.Context) error {
	return s.Until(ctx, settle, func(ctx context.Context) error {
		for _, name := range s.names() {
			c, err := s.Team(name).Client().Community(ctx, guild)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if len(c.Members) != len(s.names())-1 || len(c.Gone) != 1 || c.Gone[0].Team.Name != newcomer {
				return fmt.Errorf("%s sees %d members, %d gone", name, len(c.Members), len(c.Gone))
			}
		}
		return nil
	})
}

// closed shows what is open to the removed team and what is not.
func (s *stage) closed(ctx context.Context) error {
	if err := s.refused(ctx, 12, newcomer, "alert", "show", s.second.after.id); err != nil {
		return err
	}
	if err := s.refused(ctx, 11, newcomer, "alert", "send", "--community", guild, "--tlp", "clear", "--title", "We did nothing"); err != nil {
		return err
	}
	if err := s.haveNot(ctx, &s.second.after, newcomer); err != nil {
		return err
	}
	s.out.saw("the six others read it; the removed team's node has not got it, and can say nothing here any more")
	s.out.say("What it had read it has read; that no program takes back. How long it could, each node says:")
	if err := s.excerpt(ctx, national, part{"No members any more:", 3}, "community", "show", guild); err != nil {
		return err
	}
	return s.untilWhen(ctx)
}

// untilWhen holds what is said of the removed team's reading to what was sent when.
func (s *stage) untilWhen(ctx context.Context) error {
	c, err := ask[api.Community](ctx, s, national, "community", "show", guild)
	if err != nil {
		return err
	}
	last, err := s.Team(national).Client().Record(ctx, s.second.amber.id)
	if err != nil {
		return err
	}
	closed, err := s.Team(national).Client().Record(ctx, s.second.after.id)
	if err != nil {
		return err
	}
	until := c.Gone[0].ReadableUntil
	if until.Before(last.Created) || !until.Before(closed.Created) {
		return fmt.Errorf("%s could read what was written at %s and not what was written at %s, but it is said to have read until %s", newcomer, last.Created, closed.Created, until)
	}
	if by := c.Gone[0].By; len(by) != 2 {
		return fmt.Errorf("%d votes are shown", len(by))
	}
	s.out.saw("who voted, why, and until when the removed team could read stands there for every member")
	return nil
}

// refused shows a command that must end with the exit code, and what it says.
func (s *stage) refused(ctx context.Context, code int, team string, args ...string) error {
	s.out.typed(team, quoted(args)...)
	r, err := s.Team(team).Run(ctx, args...)
	if err != nil {
		return err
	}
	if r.Code != code || r.Stdout != "" {
		return fmt.Errorf("%s$ %s\nexit code %d, not %d: %s%s", team, shown(args), r.Code, code, r.Stdout, r.Stderr)
	}
	first, _, _ := strings.Cut(r.Stderr, "\n")
	s.out.answered(first)
	return nil
}
