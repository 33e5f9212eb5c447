package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"tocsin/pkg/backup"
)

// place is where a search was made: how much there was, and which of the code words stood there.
type place struct {
	name  string
	bytes int
	clear bool     // the control
	leaks []string // the sealed words found
}

// sealedWords are those that must be found nowhere.
func (s *stage) sealedWords() []message {
	return []message{s.second.before, s.second.amber, s.second.red, s.second.after}
}

func (p *place) look(s *stage, b []byte) {
	p.bytes += len(b)
	p.clear = p.clear || s.second.clear.word.found(b)
	for _, m := range s.sealedWords() {
		if m.word.found(b) {
			p.leaks = append(p.leaks, string(m.word))
		}
	}
}

// search looks for the code words wherever others could: in what nodes keep and hand on, in their logs, in
// backups, and on the wire.
func (s *stage) search(ctx context.Context) error {
	s.out.scene("What others could find")
	s.out.say(`Each alert and the request had a code word of this run in its text. Now all of it is searched, for the words as they
are, in JSON escapes, in hexadecimal, and in base64 once and twice. The CLEAR one is the control: where records are, it must be found.`)
	var found []*place
	for _, look := range []func(context.Context) ([]*place, error){s.searchStores, s.searchFiles, s.searchLogs, s.searchWire} {
		places, err := look(ctx)
		if err != nil {
			return err
		}
		found = append(found, places...)
	}
	s.out.answered(fmt.Sprintf("%-46s%12s   %-6s %s", "", "BYTES", "CLEAR", "AMBER, RED"))
	for _, p := range found {
		if len(p.leaks) > 0 {
			return fmt.Errorf("%s: %q stands there in clear", p.name, p.leaks)
		}
		s.out.answered(fmt.Sprintf("%-46s%12d   %-6s %s", p.name, p.bytes, map[bool]string{true: "found", false: "-"}[p.clear], "not found"))
	}
	s.out.saw("nothing that is kept, handed on, logged or sent holds a word of the AMBER alerts or of the RED request")
	return nil
}

// searchStores reads the whole store of every node as the local API hands it out for a backup, unencrypted.
// Records stand in it as they came and as they are handed on.
func (s *stage) searchStores(ctx context.Context) ([]*place, error) {
	var found []*place
	for _, name := range s.names() {
		p := &place{name: "store of " + name}
		stream, err := s.Team(name).Client().Backup(ctx)
		if err != nil {
			return nil, fmt.Errorf("read store of %s: %w", name, err)
		}
		var frames int // that stand there whole
		err = backup.ReadPairs(stream, func(key, value []byte) error {
			p.look(s, bytes.Join([][]byte{key, value}, []byte{0}))
			if bytes.Contains(value, []byte(`"kind":"alert"`)) {
				frames++
			}
			return nil
		})
		if err = errors.Join(err, stream.Close()); err != nil {
			return nil, fmt.Errorf("read store of %s: %w", name, err)
		}
		if !p.clear || frames == 0 {
			return nil, fmt.Errorf("%s: the control is not found in it, so that a search proves nothing", p.name)
		}
		found = append(found, p)
	}
	return found, nil
}

// searchFiles exports what a team may, at the node of the removed one and at a member's, and makes a backup.
func (s *stage) searchFiles(ctx context.Context) ([]*place, error) {
	var found []*place
	for _, f := range []struct {
		team, name, what string
		control          bool
		args             []string
	}{
		{newcomer, "clear.dsse.json", "exported CLEAR alert", true, []string{"record", "export", "-o", "clear.dsse.json", head(s.second.clear.id)}},
		{slow, "amber.dsse.json", "exported AMBER alert, sealed", false, []string{"record", "export", "-o", "amber.dsse.json", head(s.second.amber.id)}},
		{newcomer, "galea.backup", "backup, encrypted", false, []string{"backup", "create", "--passphrase-file", "passphrase.txt", "-o", "galea.backup"}},
	} {
		if _, err := s.do(ctx, f.team, f.args...); err != nil {
			return nil, err
		}
		b, err := os.ReadFile(filepath.Join(s.Dir, f.name))
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", f.name, err)
		}
		p := &place{name: f.what}
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
	p := &place{name: "logs of all seven, level debug"}
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
	p := &place{name: "between the nodes, under TLS"}
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
		return io.ErrUnexpectedEOF
	}
	return nil
}
