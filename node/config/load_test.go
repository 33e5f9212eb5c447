package config

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLayers(t *testing.T) {
	file := write(t, "socket = \"f.sock\"\n\n[mesh]\nmdns = true\nlisten = [\n  \"/ip4/1.2.3.4/tcp/1\",\n]\n[log]\nlevel = \"warn\"\nformat = \"json\"\n")
	l, err := Load(Source{
		File:  file,
		Env:   []string{"TOCSIN_LOG_LEVEL=error", "TOCSIN_MESH_PEERS=/dns4/a/tcp/1/p2p/" + peerID + ", /dns4/b/tcp/1/p2p/" + peerID, "HOME=/", "TOCSIN_HOME=/x", "TOCSIN_LOG_LEVELS=x"},
		Flags: map[string][]string{"log.level": {"debug"}, "limits.clock_ahead": {"2h"}, "store.quota": {"20GiB"}, "mesh.mdns": {"no"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if l.Socket != "f.sock" || l.Mesh.MDNS || len(l.Mesh.Peers) != 2 || l.Log.Level != "debug" || l.Log.Format != "json" ||
		l.Limits.ClockAhead.Std() != 2*time.Hour || l.Store.Quota != 20<<30 || len(l.Mesh.Listen) != 1 {
		t.Errorf("got %+v", l.Config)
	}
	want := map[string]string{
		"socket": "file config.toml:1", "mesh.listen": "file config.toml:5", "log.level": "flag", "log.format": "file config.toml:10",
		"mesh.peers": "environment TOCSIN_MESH_PEERS", "store.floor": "default",
	}
	for key, origin := range want {
		if got := l.OriginOf(key).String(); got != origin {
			t.Errorf("%s: origin %q, want %q", key, got, origin)
		}
	}
	if len(l.Warnings) != 1 || !strings.Contains(l.Warnings[0], "did you mean log.level?") {
		t.Errorf("warnings %q", l.Warnings)
	}
	if len(l.Values()) != len(Names()) {
		t.Error("not every setting is shown")
	}
}

func TestMistakesNameThePlace(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"unknown", "[mesh]\nlissen = []\n", ":2: mesh.lissen: is not a setting; did you mean mesh.listen?"},
		{"wrong table", "fetch_body = \"1MiB\"\n", ":1: fetch_body: is not a setting; did you mean limits.fetch_body?"},
		{"type", "[mesh]\n\nmdns = \"yes\"\n", ":3: mesh.mdns: must be true or false"},
		{"list", "[mesh]\nlisten = \"/ip4/0.0.0.0/tcp/1\"\n", ":2: mesh.listen: must be a list of texts"},
		{"mixed list", "[mesh]\nlisten = [1]\n", ":2: mesh.listen: must be a list of texts"},
		{"number", "[limits]\nqueue = \"many\"\n", ":2: limits.queue: must be a number"},
		{"text", "socket = 1\n", "config.toml:1: socket: must be text"},
		{"size", "[store]\nquota = 20\n", ":2: store.quota: must be text"},
		{"table", "\nmesh = 1\n", ":2: mesh: must be a table"},
		{"unknown table", "[nets]\nlisten = []\n", ":2: nets.listen: is not a setting; did you mean mesh.listen?"},
		{"inline", "\nmesh = {lissen = []}\n", "config.toml:2: mesh.lissen: is not a setting"},
		{"list of tables", "[[x]]\n", ":1: x: is not a setting"},
		{"quoted", "\"log.level\" = \"info\"\n", ":1: log.level: is not a setting"},
		{"syntax", "[mesh\n", ":1: "},
		{"span", "[limits]\nclock_ahead = \"soon\"\n", ":2: "},
		{"range", "[log]\n\nlevel = \"loud\"\n", "config.toml:3: log.level: \"loud\" is not known; one of debug, info, warn, error"},
		{"peer", "[mesh]\npeers = [\"/ip4/1.2.3.4/tcp/4733\"]\n", "config.toml:2: mesh.peers: "},
		{"host", "[mesh]\nlisten = [\"0.0.0.0:4733\"]\n", "it is not a multiaddr"},
		{"announce", "[mesh]\nannounce_only = true\n", "config.toml:2: mesh.announce_only: is set, and mesh.announce is empty"},
		{"floor", "[store]\nfloor = \"1MiB\"\n", "at least 128MiB"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Load(Source{File: write(t, c.text)})
			var errs Errors
			if !errors.As(err, &errs) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v\nwant ...%s...", err, c.want)
			}
		})
	}
	_, err := Load(Source{Flags: map[string][]string{"mesh.mdsn": {"x"}, "limits.queue": {"many"}}, Env: []string{"TOCSIN_STORE_QUOTA=-1"}})
	for _, want := range []string{"mesh.mdsn", "limits.queue", "TOCSIN_STORE_QUOTA"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not name %s", err, want)
		}
	}
}

// TestEveryMistakeIsNamed: one mistake hides no other, whatever layer and kind, and each names its place.
func TestEveryMistakeIsNamed(t *testing.T) {
	_, err := Load(Source{
		File: write(t, "[log]\nlevel = \"loud\"\ncolour = true\n[mesh]\nlisten = [\"/ip4/127.0.0.1/tcp/99999\", \"x\"]\nmdns = 1\n[store]\nfloor = \"some\"\n"),
		Env:  []string{"TOCSIN_STORE_QUOTA=-1", "TOCSIN_LOG_FORMAT=xml"}, Flags: map[string][]string{"mesh.peers": {"x"}, "limits.queue": {"0"}},
	})
	if err == nil {
		t.Fatal("nothing is wrong")
	}
	want := []string{
		"config.toml:2: log.level: ", "config.toml:3: log.colour: ", "config.toml:5: mesh.listen: ", "config.toml:5: mesh.listen: ",
		"config.toml:6: mesh.mdns: ", "config.toml:8: store.floor: ", "TOCSIN_STORE_QUOTA: \"-1\"", "TOCSIN_LOG_FORMAT: \"xml\"",
		"--set mesh.peers: ", "--set limits.queue: ",
	}
	got := strings.Split(err.Error(), "\n")
	if len(got) != len(want) {
		t.Fatalf("%d mistakes, want %d:\n%v", len(got), len(want), err)
	}
	for i, line := range got {
		if !strings.HasPrefix(line, want[i]) {
			t.Errorf("line %d is %s\nwant %s...", i, line, want[i])
		}
	}
	for _, word := range []string{"TOML", "struct", "[]string", "config.", "int64"} {
		if strings.Contains(strings.ReplaceAll(err.Error(), FileName, ""), word) {
			t.Errorf("%q is no word for an operator:\n%v", word, err)
		}
	}
}

func TestMissingFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "none")
	if _, err := Load(Source{File: path}); err != nil {
		t.Error(err)
	}
	if _, err := Load(Source{File: path, Required: true}); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func TestDefaultPassesCheck(t *testing.T) {
	c := Default()
	if err := c.Check(); err != nil {
		t.Error(err)
	}
}

func TestValuesReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := Duration(rapid.Int64Range(0, int64(3660*day)/int64(second)).Draw(t, "seconds")) * second
		var d2 Duration
		if err := d2.UnmarshalText([]byte(d.String())); err != nil || d2 != d {
			t.Fatalf("%v: %v %v", d, d2, err)
		}
		s := Size(rapid.Int64Range(0, 1<<50).Draw(t, "bytes"))
		var s2 Size
		if err := s2.UnmarshalText([]byte(s.String())); err != nil || s2 != s {
			t.Fatalf("%v: %v %v", s, s2, err)
		}
	})
}

func TestEveryKeyCanBeSet(t *testing.T) {
	for _, k := range keys() {
		c := Default()
		text := c.text(k)
		values := []string{strings.Trim(text, `"`)}
		if strings.HasPrefix(text, "[") {
			values = []string{"a", "b"}
		}
		if err := c.set(k, values); err != nil {
			t.Errorf("%s: %v", k.name, err)
		}
	}
	if !slices.Contains(Names(), "mesh.listen") || EnvName("mesh.listen") != "TOCSIN_MESH_LISTEN" {
		t.Error("names")
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(Template())
	f.Add("[mesh]\nlisten = [\"/ip4/1.2.3.4/tcp/1\"]\n")
	f.Add("a.b.c = 1\n[[x]]\n")
	f.Fuzz(func(t *testing.T, text string) {
		l := &Loaded{Config: Default(), origins: map[string]Origin{}}
		if errs := l.decode("config.toml", []byte(text)); errs == nil {
			l.check()
		}
	})
}
