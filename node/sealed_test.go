package node

import (
	"context"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// awaitText waits until a daemon can read an alert.
func awaitText(ctx context.Context, t *testing.T, d *daemon, id record.ID, title string) {
	t.Helper()
	for {
		for _, e := range must(d.Alerts(ctx, api.List{}))(t).Entries {
			if e.ID == id && e.Alert != nil && e.Alert.Texts[0].Title == title {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%q is not read: %+v", title, must(d.Alerts(t.Context(), api.List{}))(t).Entries)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func green(title string) api.AlertDraft {
	d := draft(title)
	d.Alert.Marking.TLP = notice.TLPGreen
	return d
}

// A sealed alert is read by each member over the real mesh: its key is pushed where it is made, and whoever
// was away asks for it, of a member that is not its author too.
func TestSealedAlertsAreReadByMembers(t *testing.T) {
	if testing.Short() {
		t.Skip("real sockets and disks")
	}
	a, b := run(t, newHome(t, "Alpha")), run(t, newHome(t, "Bravo"))
	c := run(t, newHome(t, "Charlie"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must(a.Found(ctx, api.Found{Name: "Demo"}))(t)
	for _, d := range []*daemon{b, c} {
		invited := must(a.Invite(ctx, "Demo", api.InviteDraft{Card: must(d.Identity(ctx))(t).Card}))(t)
		must(d.Join(ctx, api.Join{Invite: invited.Invite}))(t)
	}
	first := must(a.PublishAlert(ctx, green("for all members")))(t)
	awaitText(ctx, t, b, first.ID, "for all members")
	awaitText(ctx, t, c, first.ID, "for all members")

	if err := c.stop(); err != nil {
		t.Error(err)
	}
	second := must(b.PublishAlert(ctx, green("while Charlie is away")))(t)
	awaitText(ctx, t, a, second.ID, "while Charlie is away")
	if err := b.stop(); err != nil {
		t.Error(err)
	}
	c = run(t, c.home) // knows only Alpha, by its invite, that is there
	awaitText(ctx, t, c, second.ID, "while Charlie is away")
	for _, d := range []*daemon{a, c} {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	}
}
