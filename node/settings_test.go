package node

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/node/config"
	"tocsin/pkg/mesh"
	"tocsin/pkg/store/memstore"
)

// TestSettingsReachTheMesh: each setting of [mesh] arrives where it has its effect.
func TestSettingsReachTheMesh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newWorld(t).member("a")
		m.stop()
		m.store = memstore.New(memstore.Options{})
		opt := m.options()
		opt.Config.Mesh = config.Mesh{
			Listen: []string{"/ip4/127.0.0.1/tcp/1"}, Announce: []string{"/dns4/csirt.example/tcp/443"}, AnnounceOnly: true,
			Peers: []string{"/ip4/192.0.2.1/tcp/1/p2p/12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN"}, MDNS: true, Profile: "leaf", SyncEvery: config.Duration(time.Minute),
		}
		var got mesh.Options
		network := opt.Network
		opt.Network = func(m mesh.Options) (Network, error) {
			got = m
			return network(m)
		}
		n, err := New(t.Context(), opt)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got.Listen, opt.Config.Mesh.Listen) || !slices.Equal(got.Static, opt.Config.Mesh.Peers) || !slices.Equal(got.Announce, opt.Config.Mesh.Announce) || !got.AnnounceOnly || !got.MDNS ||
			got.Profile != mesh.Leaf || got.SyncPeriod != time.Minute {
			t.Errorf("the mesh got %+v", got)
		}
		if err := n.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// TestLogSettings: the least that is logged, and the form of a line.
func TestLogSettings(t *testing.T) {
	for _, c := range []struct {
		log  config.Log
		want string
	}{
		{config.Log{Level: "info", Format: "text"}, "level=INFO msg=one\nlevel=WARN msg=two\n"},
		{config.Log{Level: "warn", Format: "json"}, "{\"level\":\"WARN\",\"msg\":\"two\"}\n"},
	} {
		var out bytes.Buffer
		log := NewLogger(c.log, &out)
		log.DebugContext(t.Context(), "none")
		log.InfoContext(t.Context(), "one")
		log.WarnContext(t.Context(), "two")
		var lines strings.Builder
		for line := range strings.Lines(out.String()) {
			if _, rest, ok := strings.Cut(line, " "); ok && c.log.Format == "text" {
				line = rest // less the time
			} else if at := strings.Index(line, "\"level\""); at > 0 {
				line = "{" + line[at:]
			}
			lines.WriteString(line)
		}
		if lines.String() != c.want {
			t.Errorf("%+v: logged %q", c.log, lines.String())
		}
	}
}
