package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/testnet/local"
)

// The second act: a community in which nobody decides alone.
const (
	newcomer = "Galea-CERT" // applies, is admitted, is removed
	guild    = "lighthouse"

	// window is how long an application lies open, in a demo: long enough to look at it on a slow machine.
	window = 4 * time.Second
)

// secondAct is what the second act says and has to find again.
type secondAct struct {
	clear, before, amber, red, after message
}

// message is one record with a canary in its text.
type message struct {
	word   canary
	id     string
	digest string // of its body, as its signed header writes it
}

func newSecondAct() secondAct {
	return secondAct{
		clear: message{word: newCanary("gull")}, before: message{word: newCanary("tern")},
		amber: message{word: newCanary("petrel")}, red: message{word: newCanary("shearwater")}, after: message{word: newCanary("skua")},
	}
}

// parents are the parent organisations of the founders: sponsors of one team must come from different ones.
func parents() map[string]string {
	return map[string]string{national: "Ministry of the Interior", helpful: "Health Board", declining: "Corvo Island Council"}
}

// foundGuild founds the second community by three founders.
func (s *stage) foundGuild(ctx context.Context) error {
	s.out.scene("A community that governs itself")
	s.out.say(`In %s one founder's word admits and removes. For what is not public the teams want more: two members of different parent
organisations must sponsor a team, its application lies open for a time in which anybody may object, and removing takes votes.
%s, %s and %s sign such a charter. (The window is %s here; 21 days in real life.)`, community, national, helpful, declining, window)
	for _, name := range []string{helpful, declining} {
		if _, err := s.run(ctx, name, "id", "--card", "--parent", parents()[name], "-o", founderCard(name)); err != nil {
			return err
		}
	}
	for _, step := range []struct {
		team string
		args []string
	}{
		{national, []string{
			"community", "found", "--template", "drill", "--window", window.String(), "--parent", parents()[national],
			"--founder", founderCard(helpful), "--founder", founderCard(declining), "-o", "lighthouse-1.charter", guild,
		}},
		{helpful, []string{"community", "sign", "-o", "lighthouse-2.charter", "lighthouse-1.charter"}},
		{declining, []string{"community", "sign", "-o", "lighthouse.charter", "lighthouse-2.charter"}},
		{national, []string{"community", "sign", "lighthouse.charter"}},
		{helpful, []string{"community", "sign", "lighthouse.charter"}},
	} {
		if _, err := s.do(ctx, step.team, step.args...); err != nil {
			return err
		}
	}
	for _, name := range []string{national, helpful, declining} {
		if err := s.awaitRole(ctx, name, "founder"); err != nil {
			return err
		}
	}
	s.out.saw("three founders of three parent organisations, one charter; no server has a list of them")
	return s.speakFirst(ctx)
}

func founderCard(name string) string { return name + "-founder.card" }

// speakFirst sends what newcomers will find: an alert for everybody, and one for members.
func (s *stage) speakFirst(ctx context.Context) error {
	s.out.say("Two alerts go into it: one for everybody, TLP:CLEAR, and one for members, TLP:AMBER, which is sealed.")
	for _, m := range []struct {
		*message
		tlp, title string
	}{
		{&s.second.clear, "clear", "Ferry tickets: phishing, code word " + s.second.clear.word.word},
		{&s.second.before, "amber", "Harbour control: intruder, code word " + s.second.before.word.word},
	} {
		id, err := s.do(ctx, national, "alert", "send", "--community", guild, "--tlp", m.tlp, "--title", m.title)
		if err != nil {
			return err
		}
		m.id = id
		if err := s.awaitReading(ctx, m.message, national, helpful, declining); err != nil {
			return err
		}
	}
	return nil
}

// apply lets a seventh team apply, and the other three of the region beside it.
func (s *stage) apply(ctx context.Context) error {
	s.out.scene("A seventh team applies")
	s.out.say(`%s is new: a key, a node, and the charter, which it was sent by mail. Nobody alone can let it in. Its application is
a file as well; %s, who knows the team, sponsors it, and with the invite that makes it may watch.`, newcomer, national)
	t, err := s.Add(local.TeamSchema{Name: newcomer})
	if err != nil {
		return err
	}
	if _, err := s.do(ctx, newcomer, "init", "--team", newcomer, "--passphrase-file", "passphrase.txt"); err != nil {
		return err
	}
	s.out.typed(newcomer, "tocsin daemon &")
	if err := t.Start(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		team string
		args []string
	}{
		{newcomer, []string{"community", "apply", "--parent", "Union of Fishers", "--note", "We watch over the boats.", "-o", "galea.application", "lighthouse.charter"}},
		{national, []string{"community", "sponsor", "--note", "Met at the harbour drill.", "-o", "galea.invite", "galea.application"}},
		{newcomer, []string{"join", "galea.invite"}},
	} {
		if _, err := s.do(ctx, step.team, step.args...); err != nil {
			return err
		}
	}
	for _, name := range []string{slow, silent, unreachable} {
		if err := s.applyQuietly(ctx, name); err != nil {
			return err
		}
	}
	s.out.say("(%s, %s and %s apply too, in the same way.)", slow, silent, unreachable)
	return s.observe(ctx)
}

func (s *stage) applyQuietly(ctx context.Context, name string) error {
	file := name + ".application"
	if _, err := s.run(ctx, name, "community", "apply", "--parent", name+" Trust", "-o", file, "lighthouse.charter"); err != nil {
		return err
	}
	for _, sponsor := range []string{national, helpful} {
		if _, err := s.run(ctx, sponsor, "community", "sponsor", file); err != nil {
			return err
		}
	}
	return nil
}

// observe shows that an observer reads what is CLEAR and nothing else.
func (s *stage) observe(ctx context.Context) error {
	if err := s.awaitReading(ctx, &s.second.clear, newcomer); err != nil {
		return err
	}
	if err := s.awaitRole(ctx, newcomer, "observer"); err != nil {
		return err
	}
	s.out.say("Until it is admitted it observes. It has the CLEAR alert; of the other not even the header:")
	if _, err := s.do(ctx, newcomer, "alert", "list"); err != nil {
		return err
	}
	if err := s.refused(ctx, 12, newcomer, "alert", "show", s.second.before.id); err != nil {
		return err
	}
	s.out.saw("an observer reads TLP:CLEAR and no more")
	return nil
}

// admit lets the second sponsor speak and the window run; then the witness's node attests it.
func (s *stage) admit(ctx context.Context) error {
	s.out.scene("Two sponsors, and a window that runs")
	s.out.say(`%s has heard of the application by the mesh. It compares the team's ID on the phone, pins it, and sponsors it too. Now every
member may object.`, helpful)
	if err := s.awaitApplication(ctx, helpful, api.ApplicationUnsponsored); err != nil {
		return err
	}
	id, err := s.Team(newcomer).Client().Identity(ctx)
	if err != nil {
		return err
	}
	if _, err := s.do(ctx, helpful, "team", "pin", "--no-qr", "--fingerprint", id.Words, newcomer); err != nil {
		return err
	}
	if _, err := s.do(ctx, helpful, "community", "sponsor", newcomer); err != nil {
		return err
	}
	if err := s.awaitApplication(ctx, declining, api.ApplicationWindow); err != nil {
		return err
	}
	if err := s.excerpt(ctx, declining, part{"Applications:", 8}, "community", "show", guild); err != nil {
		return err
	}
	s.out.say(`Nobody objects, and nobody types anything more: when the window has run by its own clock, the node of %s, who did not
sponsor, attests that. (waiting %s)`, declining, window)
	for _, name := range []string{newcomer, slow, silent, unreachable} {
		if err := s.awaitRole(ctx, name, "member"); err != nil {
			return err
		}
	}
	if err := s.isAdmitted(ctx); err != nil {
		return err
	}
	if err := s.excerpt(ctx, newcomer, part{"Who brought in whom:", 11}, "community", "show", guild); err != nil {
		return err
	}
	s.out.say("The charter lets new members read what was sealed before they came. %s asks for the key, and a member hands it over:", newcomer)
	if err := s.awaitReading(ctx, &s.second.before, newcomer, slow, silent, unreachable); err != nil {
		return err
	}
	if _, err := s.do(ctx, newcomer, "alert", "list"); err != nil {
		return err
	}
	s.out.saw("admitted by two sponsors and one witness, and it reads what the charter grants")
	return nil
}

// isAdmitted sees that all hold the same admission: by the two sponsors, and by a witness who is none.
func (s *stage) isAdmitted(ctx context.Context) error {
	return s.Until(ctx, settle, func(ctx context.Context) error {
		for _, name := range s.names() {
			a, err := s.application(ctx, name)
			if err != nil {
				return err
			}
			if a.State != api.ApplicationAdmitted || !slices.Equal(speakers(a.Sponsors), sorted(national, helpful)) ||
				!slices.Equal(speakers(a.Witnesses), []string{declining}) || len(a.Objections.Voices) > 0 {
				return fmt.Errorf("at %s the application is %s, sponsored by %q, attested by %q", name, a.State, speakers(a.Sponsors), speakers(a.Witnesses))
			}
		}
		return nil
	})
}

func speakers(v api.Voices) []string {
	var names []string
	for _, v := range v.Voices {
		if v.Counts {
			names = append(names, v.Team.Name)
		}
	}
	return sorted(names...)
}

func sorted(names ...string) []string {
	slices.Sort(names)
	return names
}

// application is that of the newcomer, as a team's node shows it.
func (s *stage) application(ctx context.Context, at string) (*api.Application, error) {
	all, err := s.Team(at).Client().Applications(ctx, api.ApplicationQuery{Community: guild, All: true})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at, err)
	}
	for i := range all.Applications {
		if all.Applications[i].Team.Name == newcomer {
			return &all.Applications[i], nil
		}
	}
	return nil, fmt.Errorf("%s knows of no application of %s", at, newcomer)
}

func (s *stage) awaitApplication(ctx context.Context, at string, state api.ApplicationState) error {
	return s.Until(ctx, settle, func(ctx context.Context) error {
		a, err := s.application(ctx, at)
		if err == nil && a.State != state {
			err = fmt.Errorf("at %s the application is %s, not %s", at, a.State, state)
		}
		return err
	})
}

func (s *stage) awaitRole(ctx context.Context, name, role string) error {
	return s.Until(ctx, settle, func(ctx context.Context) error {
		c, err := s.Team(name).Client().Community(ctx, guild)
		if err == nil && c.Role != role {
			err = errors.New("it is " + c.Role + ", not " + role)
		}
		if err != nil {
			return fmt.Errorf("%s in %s: %w", name, guild, err)
		}
		return nil
	})
}

// awaitReading waits until the teams can read the alert, to the word.
func (s *stage) awaitReading(ctx context.Context, m *message, names ...string) error {
	return s.Until(ctx, settle, func(ctx context.Context) error {
		for _, name := range names {
			r, err := s.Team(name).Client().Record(ctx, m.id)
			switch {
			case err != nil:
				return fmt.Errorf("%s: %w", name, err)
			case r.Alert == nil:
				return fmt.Errorf("%s cannot read %s: %s", name, m.id, r.Unread)
			case !m.word.found([]byte(r.Alert.Texts[0].Title)) || r.Sealed != (r.Alert.Marking.TLP != notice.TLPClear):
				return fmt.Errorf("%s reads something else as %s", name, m.id)
			}
		}
		return nil
	})
}
