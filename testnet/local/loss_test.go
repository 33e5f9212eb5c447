package local

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tocsin/pkg/api"
)

// A node that lost its store is filled again by the members, the founder's too, without any file but
// those beside the store; and what it says afterwards is heard.
func TestALostStoreIsFilledAgain(t *testing.T) {
	for _, name := range []string{"node-0", "node-1"} {
		t.Run(name, func(t *testing.T) {
			c := start(t, Numbered("three", 3))
			before, err := c.Team("node-2").Client().PublishAlert(t.Context(), api.AlertDraft{Community: "three", Alert: sample("before", 10)})
			if err != nil {
				t.Fatal(err)
			}
			unlucky := c.Team(name)
			if err := unlucky.Stop(); err != nil {
				t.Fatal(err)
			}
			if err := os.RemoveAll(filepath.Join(unlucky.Home, "store")); err != nil {
				t.Fatal(err)
			}
			if err := unlucky.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			has := func(team *Team, id string) func(context.Context) error {
				return func(ctx context.Context) error {
					if _, err := team.Client().Record(ctx, id); err != nil {
						return fmt.Errorf("%s: %w", team.Name, err)
					}
					return nil
				}
			}
			if err := c.Until(t.Context(), patience, has(unlucky, before.ID.String())); err != nil {
				t.Fatal(err)
			}
			after, err := unlucky.Client().PublishAlert(t.Context(), api.AlertDraft{Community: "three", Alert: sample("after", 10)})
			if err != nil {
				t.Fatal(err)
			}
			for _, team := range c.Teams() {
				if err := c.Until(t.Context(), patience, has(team, after.ID.String())); err != nil {
					t.Error(err)
				}
			}
		})
	}
}
