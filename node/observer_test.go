package node

import (
	"context"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// An applicant that is sponsored reads over the real mesh what anybody may read, and nothing that is sealed.
func TestObserversReadWhatIsClear(t *testing.T) {
	if testing.Short() {
		t.Skip("real sockets and disks")
	}
	a, b, guest := run(t, newHome(t, "Alpha")), run(t, newHome(t, "Bravo")), run(t, newHome(t, "Guest"))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rule := notice.Admission{Rule: notice.RuleSponsors, Sponsors: 1, Witnesses: 1, Window: 3600}
	cards := []api.File{must(b.Identity(ctx))(t).Card}
	f := must(a.Found(ctx, api.Found{Name: "Demo", Admission: rule, Founders: cards}))(t)
	for _, d := range []*daemon{b, a, b} {
		f = must(d.SignCharter(ctx, f.ID.String(), api.SignCharter{Charter: f.Charter}))(t)
	}
	open, closed := must(a.PublishAlert(ctx, draft("for anybody")))(t), must(a.PublishAlert(ctx, green("for members")))(t)

	charter := must(a.Charter(ctx, "Demo"))(t)
	applied := must(guest.Apply(ctx, api.ApplyDraft{Charter: charter.Charter}))(t)
	sponsored := must(a.Sponsor(ctx, "-", api.SponsorDraft{Application: applied.File}))(t)
	must(guest.Join(ctx, api.Join{Invite: sponsored.Invite}))(t)
	awaitText(ctx, t, guest, open.ID, "for anybody")
	for _, e := range must(guest.Alerts(ctx, api.List{}))(t).Entries {
		if e.ID == closed.ID {
			t.Errorf("it holds what is for members: %+v", e)
		}
	}
	for _, d := range []*daemon{a, b, guest} {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	}
}
