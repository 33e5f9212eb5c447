package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tocsin/pkg/backup"
)

// place is where a search was made: how much there was, and what stood there.
type place struct {
	name   string
	bytes  int
	clear  bool            // the control
	frames map[string]bool // IDs of the sealed records whose signed header stands there
	leaks  []string        // the sealed words that do
}

// sealed are the messages of which no word may be found.
func (s *stage) sealed() []*message {
	return []*message{&s.second.before, &s.second.amber, &s.second.red, &s.second.after}
}

func (p *place) look(s *stage, b []byte) {
	p.bytes += len(b)
	p.clear = p.clear || s.second.clear.word.found(b)
	for _, m := range s.sealed() {
		if bytes.Contains(b, []byte(m.digest)) {
			p.frames[m.id] = true
		}
		if m.word.found(b) {
			p.leaks = append(p.leaks, m.word.word)
		}
	}
}

func newPlace(name string) *place { return &place{name: name, frames: map[string]bool{}} }

// search looks for the code words wherever others could: in what nodes keep and hand on, in their logs, in
// backups, and on the wire.
func (s *stage) search(ctx context.Context) error {
	s.out.scene("What others could find")
	s.out.say(`Each alert and the request had a code word of this run in its text. Now all of it is searched, for the words as they
are, in JSON escapes, in hexadecimal, and in base64 once and twice. The CLEAR one is the control: where records are, it must be found. Stores are read as they are handed out for a backup, before that
encrypts them; those of members hold keys beside the sealed records, but not what these open.`)
	for _, m := range s.sealed() {
		r, err := s.Team(national).Client().Record(ctx, m.id)
		if err != nil {
			return err
		}
		m.digest = r.Header.Digest // stands in the signed header, so that a frame is known by it
	}
	var found []*place
	for _, look := range []func(context.Context) ([]*place, error){s.searchStores, s.searchFiles, s.searchLogs, s.searchWire} {
		places, err := look(ctx)
		if err != nil {
			return err
		}
		found = append(found, places...)
	}
	s.out.answered(fmt.Sprintf("%-38s%10s%17s  %-7s%s", "", "BYTES", "SEALED RECORDS", "CLEAR", "AMBER, RED"))
	for _, p := range found {
		if len(p.leaks) > 0 {
			return fmt.Errorf("%s: %q stands there in clear", p.name, p.leaks)
		}
		s.out.answered(fmt.Sprintf("%-38s%10d%17d  %-7s%s", p.name, p.bytes, len(p.frames), map[bool]string{true: "found", false: "-"}[p.clear], "not found"))
	}
	s.out.saw("nothing that is kept, handed on, logged or sent holds a word of the AMBER alerts or of the RED request")
	return nil
}

// searchStores reads the whole store of every node as the local API hands it out for a backup, unencrypted.
// Records stand in it as they came and as they are handed on.
func (s *stage) searchStores(ctx context.Context) ([]*place, error) {
	var found []*place
	for _, name := range s.names() {
		p := newPlace("store of " + name)
		stream, err := s.Team(name).Client().Backup(ctx)
		if err != nil {
			return nil, fmt.Errorf("read store of %s: %w", name, err)
		}
		err = backup.ReadPairs(stream, func(key, value []byte) error {
			p.look(s, bytes.Join([][]byte{key, value}, []byte{0}))
			return nil
		})
		if err = errors.Join(err, stream.Close()); err != nil {
			return nil, fmt.Errorf("read store of %s: %w", name, err)
		}
		if !p.clear {
			return nil, fmt.Errorf("%s: the control is not found in it, so that a search proves nothing", p.name)
		}
		if err := s.holdsWhatItShould(name, p); err != nil {
			return nil, err
		}
		found = append(found, p)
	}
	return found, nil
}

// holdsWhatItShould sees that the sealed records are in the store of every team that they are for, and of
// no other.
func (s *stage) holdsWhatItShould(name string, p *place) error {
	for m, want := range map[*message]bool{
		&s.second.before: true, &s.second.amber: true,
		&s.second.red:   name == national || name == helpful,
		&s.second.after: name != newcomer,
	} {
		if p.frames[m.id] != want {
			return fmt.Errorf("%s: record %s is there: %t, and should be: %t", p.name, m.id, p.frames[m.id], want)
		}
	}
	return nil
}

// searchFiles exports what a team may, at the node of the removed one and at a member's, and makes a backup.
func (s *stage) searchFiles(ctx context.Context) ([]*place, error) {
	var found []*place
	for _, f := range []struct {
		team, name, what string
		control          bool
		args             []string
	}{
		{newcomer, "clear.dsse.json", "the CLEAR alert, exported", true, []string{"record", "export", "-o", "clear.dsse.json", head(s.second.clear.id)}},
		{slow, "amber.dsse.json", "an AMBER alert, exported with its key", false, []string{"record", "export", "-o", "amber.dsse.json", head(s.second.amber.id)}},
		{newcomer, "galea.backup", "backup of " + newcomer + ", encrypted", false, []string{"backup", "create", "--passphrase-file", "passphrase.txt", "-o", "galea.backup"}},
	} {
		if _, err := s.do(ctx, f.team, f.args...); err != nil {
			return nil, err
		}
		b, err := os.ReadFile(filepath.Join(s.Dir, f.name))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.name, err)
		}
		p := newPlace(f.what)
		p.look(s, b)
		if p.clear != f.control {
			return nil, fmt.Errorf("%s: the control is found: %t", f.name, p.clear)
		}
		found = append(found, p)
	}
	return found, nil
}

// searchLogs reads what all daemons logged, who were told to log everything.
func (s *stage) searchLogs(context.Context) ([]*place, error) {
	p := newPlace("logs of all seven, level debug")
	for _, name := range s.names() {
		b, err := s.Team(name).Log()
		if err != nil {
			return nil, fmt.Errorf("read log: %w", err)
		}
		if !strings.Contains(string(b), "level=DEBUG") {
			return nil, fmt.Errorf("the log of %s is not at level debug", name)
		}
		p.look(s, b)
	}
	return []*place{p}, nil
}

// searchWire reads what the relays between the nodes have recorded. TLS hides CLEAR there too.
func (s *stage) searchWire(ctx context.Context) ([]*place, error) {
	p := newPlace("between the nodes, under TLS")
	ways, handshakes := 0, 0
	if err := s.Recorded(func(said []byte) {
		p.look(s, said)
		ways++
		if bytes.Contains(said, []byte("/multistream/1.0.0")) {
			handshakes++
		}
	}); err != nil {
		return nil, err
	}
	if handshakes == 0 || p.clear {
		return nil, fmt.Errorf("of %d recorded ways %d begin as they should; the control was found: %t", ways, handshakes, p.clear)
	}
	return []*place{p}, s.allRelayed(ctx)
}

// allRelayed sees, in what the nodes say, that they talk by the relays alone.
func (s *stage) allRelayed(ctx context.Context) error {
	connections := 0
	for _, name := range s.names() {
		status, err := s.Team(name).Client().Status(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		for _, peer := range status.Peers {
			if !s.Relayed(peer.Address) {
				return fmt.Errorf("%s is connected to %s at %s, past the recording", name, peer.Team.Name, peer.Address)
			}
			connections++
		}
	}
	if connections == 0 {
		return errors.New("no node is connected to any")
	}
	return nil
}
