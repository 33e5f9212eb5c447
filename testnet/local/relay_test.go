package local

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"tocsin/pkg/api"
)

func TestRecordedNodesTalkByTheirRelays(t *testing.T) {
	schema := Numbered("recorded", 2)
	c, err := Start(t.Context(), Options{Schema: schema, Binary: binary(t), Record: true, Env: []string{"TOCSIN_LOG_LEVEL=debug"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	here, there := c.Teams()[0], c.Teams()[1]
	there.Kill() // and come back at the same address
	if err := there.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p, err := here.Client().PublishAlert(t.Context(), api.AlertDraft{Community: "recorded", Alert: sample("by the relay", 10)})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Until(t.Context(), patience, func(ctx context.Context) error {
		_, err := there.Client().Record(ctx, p.ID.String())
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, team := range c.Teams() {
		if err := c.Until(t.Context(), patience, func(ctx context.Context) error { // the killed one's connection takes its time to end
			s, err := team.Client().Status(ctx)
			if err == nil && (len(s.Peers) != 1 || !c.Relayed(s.Peers[0].Address)) {
				err = fmt.Errorf("%s is connected past the relays: %+v", team.Name, s.Peers)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		if log, err := team.Log(); err != nil || !bytes.Contains(log, []byte("level=DEBUG")) {
			t.Errorf("%s was not told what stands in Env: %v", team.Name, err)
		}
	}
	if c.Relayed("/ip4/127.0.0.1/tcp/1") || c.Relayed("/ip4/127.0.0.1/udp/1/quic-v1") {
		t.Error("another address is taken for a relay's")
	}
	begun, total := 0, 0
	if err := c.Recorded(func(said []byte) {
		total += len(said)
		if bytes.Contains(said, []byte("/multistream/1.0.0")) {
			begun++
		}
	}); err != nil || begun < 2 || total < 1000 {
		t.Errorf("recorded %d bytes of %d connections: %v", total, begun, err)
	}
	if _, err := c.Add(TeamSchema{Name: here.Name}); err == nil {
		t.Error("a second team of one name was added")
	}
	late, err := c.Add(TeamSchema{Name: "late"})
	if err != nil {
		t.Fatal(err)
	}
	if err := late.MakeIdentity(); err != nil {
		t.Fatal(err)
	}
	if err := late.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(c.Teams()) != 3 || c.Team("late") != late || len(schema.Teams) != 2 {
		t.Error("the added team is not there, or in the caller's schema")
	}
}

func TestNothingIsRecordedUnasked(t *testing.T) {
	c, err := New(Options{Schema: Numbered("x", 1), Binary: binary(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Recorded(func([]byte) {}); err == nil || c.Relayed("/ip4/127.0.0.1/tcp/1") {
		t.Error(fmt.Errorf("there is a recording: %w", err))
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}
