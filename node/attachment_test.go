package node

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// size is how long an answer of the local interface is.
func size(t *testing.T, v any) int {
	t.Helper()
	b, err := api.Encode(v)
	if err != nil {
		t.Fatal(err)
	}
	return len(b)
}

// TestListsAndFeedsCarryNoAttachments: a member publishes five attachments of 12 MB. Every list, every view and the feed stay
// small, and each attachment can be had by itself.
func TestListsAndFeedsCarryNoAttachments(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a, b := w.member("Alpha"), w.member("Bravo")
		defer a.stop()
		defer b.stop()
		together(t, a, b)
		from := b.hub.id(0)
		large := []notice.Attachment{
			{Name: "none.txt", MediaType: "text/plain", Data: []byte("small")},
			{Name: "large.bin", MediaType: "application/octet-stream", Data: bytes.Repeat([]byte("0123456789ab"), 1_000_000)},
		}
		var alerts, requests []record.ID
		for range 3 {
			d := draft("large")
			d.Alert.Attachments = large
			alerts = append(alerts, must(a.PublishAlert(t.Context(), d))(t).ID)
		}
		for range 2 {
			d := ask("Bravo")
			d.Community, d.Request.Attachments = "Demo", large
			requests = append(requests, must(a.PublishRequest(t.Context(), d))(t).Published[0].ID)
		}
		time.Sleep(time.Minute)
		synctest.Wait()

		check := func(what string, v any, entry *api.Entry) {
			t.Helper()
			if n := size(t, v); n > 64<<10 {
				t.Errorf("%s has %d bytes", what, n)
			}
			if entry.Alert == nil && entry.Request == nil || len(entry.Attachments) != 2 || entry.Attachments[1].Length != 12_000_000 {
				t.Errorf("%s: %s %+v", what, entry.Unread, entry.Attachments)
			}
		}
		list := must(b.Alerts(t.Context(), api.List{}))(t)
		check("the list of alerts", list, &list.Entries[2])
		list = must(b.Requests(t.Context(), api.List{}))(t)
		check("the list of requests", list, &list.Entries[1])
		view := must(b.Record(t.Context(), alerts[0].String()))(t)
		check("an alert", view, &view.Entry)
		asked := must(b.Request(t.Context(), requests[0].String()))(t)
		check("a request", asked, &asked.Entry)
		seen, enough := 0, errors.New("enough")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := b.Watch(ctx, from, func(e api.Event) error {
			if e.Type != api.EventRecord || e.Entry == nil || e.Entry.Kind != notice.KindAlert && e.Entry.Kind != notice.KindRequest {
				return nil
			}
			check("an event", e, e.Entry)
			if seen++; seen == 10 { // each was told of when it came, and again with its body
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			t.Errorf("%d events, %v", seen, err)
		}

		for _, id := range []record.ID{alerts[2], requests[1]} {
			for i := range large {
				got, err := b.Attachment(t.Context(), id.String(), i)
				sum := sha256.Sum256(got)
				if err != nil || !bytes.Equal(got, large[i].Data) || view.Attachments[i].Digest != api.Bytes(sum[:]) {
					t.Errorf("attachment %d of %s: %d bytes, %v", i, id, len(got), err)
				}
			}
			if _, err := b.Attachment(t.Context(), id.String(), 2); httpProblem(err) == nil || httpProblem(err).Code != api.NotFound {
				t.Errorf("one that is not there: %v", err)
			}
		}
	})
}

// TestAttachmentsOfRedAreForPersons: the bytes are had as the text is, by name, and one note is enough for all.
func TestAttachmentsOfRedAreForPersons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		q := red("Ada Obi")
		for _, name := range []string{"one.txt", "two.txt"} {
			q.Request.Attachments = append(q.Request.Attachments, notice.Attachment{Name: name, MediaType: "text/plain", Data: []byte(redCanary)})
		}
		id := must(x.a.PublishRequest(t.Context(), q))(t).Published[0].ID.String()
		time.Sleep(time.Minute)
		synctest.Wait()
		if closed := must(x.b.Record(t.Context(), id))(t); len(closed.Attachments) != 0 {
			t.Errorf("names of files are shown to anybody: %+v", closed.Attachments)
		}
		if _, err := x.b.Attachment(t.Context(), id, 0); httpProblem(err) == nil || httpProblem(err).Code != api.Marking {
			t.Errorf("to anybody: %v", err)
		}
		if _, err := x.b.OpenAttachment(t.Context(), id, 0, api.OpenDraft{As: "Bob Ito"}); httpProblem(err) == nil || httpProblem(err).Code != api.Marking {
			t.Errorf("to somebody else: %v", err)
		}
		for i := range 2 {
			if got, err := x.b.OpenAttachment(t.Context(), id, i, api.OpenDraft{As: "Ada Obi"}); err != nil || string(got) != redCanary {
				t.Errorf("to Ada: %q %v", got, err)
			}
		}
		if got := must(x.b.Record(t.Context(), id))(t).Readings; len(got) != 1 {
			t.Errorf("%d notes of one reading", len(got))
		}
		time.Sleep(time.Hour)
		if _, err := x.b.OpenAttachment(t.Context(), id, 0, api.OpenDraft{As: "Ada Obi"}); err != nil {
			t.Error(err)
		}
		if got := must(x.b.Record(t.Context(), id))(t).Readings; len(got) != 2 {
			t.Errorf("%d notes of two readings", len(got))
		}
	})
}

// TestALongListComesInPages: alerts with long texts that no single answer may hold.
func TestALongListComesInPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		a := w.member("Alpha")
		defer a.stop()
		together(t, a)
		const many = 250
		d := draft("long")
		d.Alert.Texts[0].Summary = strings.Repeat("all work and no play ", 2000)
		for range many {
			must(a.PublishAlert(t.Context(), d))(t)
			time.Sleep(time.Second)
		}
		seen, l := map[record.ID]bool{}, api.List{Limit: api.MaxLimit}
		for pages := 1; ; pages++ {
			page := must(a.Alerts(t.Context(), l))(t)
			if n := size(t, page); n > api.MaxPage+(64<<10) {
				t.Fatalf("a page of %d bytes", n)
			}
			for i := range page.Entries {
				seen[page.Entries[i].ID] = true
			}
			if l.After = page.Next; l.After == "" {
				if pages < 2 {
					t.Errorf("%d pages", pages)
				}
				break
			}
		}
		if len(seen) != many {
			t.Errorf("%d of %d alerts in the pages", len(seen), many)
		}
		for _, bad := range []string{"x", "-1-" + a.hub.life, "5-r", "99999999999999999999-"} {
			if _, err := a.Alerts(t.Context(), api.List{After: bad}); httpProblem(err) == nil || httpProblem(err).Code != api.BadRequest {
				t.Errorf("after %q: %v", bad, err)
			}
		}
		if got := must(a.Alerts(t.Context(), api.List{Limit: 10}))(t); len(got.Entries) != 10 || got.Next == "" {
			t.Errorf("%d entries, next %q", len(got.Entries), got.Next)
		}
	})
}
