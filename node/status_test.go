package node

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/keyfile"
	"tocsin/pkg/mesh"
)

// stranger is a network with one more peer, whose team is not known yet.
type stranger struct{ Network }

func (s stranger) Peers() []mesh.PeerInfo {
	return append(s.Network.Peers(), mesh.PeerInfo{PeerID: "x", Addrs: []string{"/ip4/192.0.2.9/tcp/1"}})
}

// lone is a network that tries to reach a team's node, and one of nobody knows whom.
type lone struct {
	Network
	dials []mesh.DialInfo
}

func (l lone) Dials() []mesh.DialInfo { return l.dials }

// TestStatusTellsWhomItTries: a node that is not connected where it should be says whom it dials, when and why it failed.
func TestStatusTellsWhomItTries(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		next := a.now().Add(20 * time.Second)
		a.net = lone{a.net, []mesh.DialInfo{
			{Team: b.replica.Self(), Addr: "/ip4/192.0.2.1/tcp/4733", Next: next, Failed: 2, Why: "connection refused"},
			{Addr: "/ip4/192.0.2.2/tcp/4733"},
		}}
		st := must(a.Status(t.Context()))(t)
		if len(st.Trying) != 2 || st.Trying[0].Team.Name != "Bravo" || !st.Trying[0].Next.Equal(next) || st.Trying[0].Why != "connection refused" {
			t.Errorf("trying %+v", st.Trying)
		}
		text, err := api.Encode(st)
		if err != nil || !strings.Contains(string(text), `{"address":"/ip4/192.0.2.2/tcp/4733","failed":0}`) {
			t.Errorf("status %s, %v", text, err)
		}
	})
}

// TestStatusTellsOfOthers: a node is not connected to itself, and does not name whom it does not know.
func TestStatusTellsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		a.net = stranger{a.net}
		if err := os.WriteFile(filepath.Join(a.opt.Home, keyfile.RootFile), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		st := must(a.Status(t.Context()))(t)
		for _, m := range st.Communities[0].Members {
			if m.Online == m.Self {
				t.Errorf("member %+v", m)
			}
		}
		text, err := api.Encode(st)
		if err != nil || len(st.Peers) != 2 || strings.Count(string(text), `{"address":`) != 1 || !st.RootKeyHere {
			t.Errorf("status %s, %v", text, err)
		}
		if must(b.Status(t.Context()))(t).RootKeyHere {
			t.Error("a root key that is not here")
		}
	})
}

// What is wrong with the store is said with its cause, and a disk with exactly nothing free is full.
func TestStatusTellsOfTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newWorld(t).member("Alpha")
		defer m.stop()
		for _, tt := range []struct {
			name, want string
			room       api.Store
		}{
			{"nothing free", "no room left above store.floor", api.Store{Free: 0, Floor: 10}},
			{"below the floor", "no room left above store.floor", api.Store{Free: 9, Floor: 10}},
			{"broken", "takes no writes until it has opened itself again", api.Store{Free: 20, Floor: 10, Failure: &api.StoreFailure{Cause: "bad disk", Broken: true, Lasts: true}}},
			{"refused", "none was made since: bad disk", api.Store{Free: 20, Floor: 10, Failure: &api.StoreFailure{Cause: "bad disk", Lasts: true}}},
			{"over", "", api.Store{Free: 20, Floor: 10, Failure: &api.StoreFailure{Cause: "bad disk"}}},
			{"well", "", api.Store{Free: 20, Floor: 10}},
		} {
			got := strings.Join(m.warnings(tt.room), "\n")
			if !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
				t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
			}
		}
	})
}
