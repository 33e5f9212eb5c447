package node

import (
	"strings"
	"testing"
	"testing/synctest"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

func advisory(title, label string) []byte {
	tlp := ""
	if label != "" {
		tlp = `"tlp":{"label":"` + label + `"}`
	}
	return []byte(`{"document":{"csaf_version":"2.0","title":"` + title + `","distribution":{` + tlp + `}}}`)
}

// TestMarkingHeld: who may say how a document is shared, and how wide.
func TestMarkingHeld(t *testing.T) {
	for _, tt := range []struct {
		name, label string
		mark        api.MarkDraft
		code        api.Code // empty: it goes
		tlp         notice.TLP
	}{
		{"its own", "GREEN", api.MarkDraft{}, "", notice.TLPGreen},
		{"old white", "WHITE", api.MarkDraft{}, "", notice.TLPClear},
		{"stricter", "GREEN", api.MarkDraft{TLP: notice.TLPAmber}, "", notice.TLPAmber},
		{"wider", "AMBER", api.MarkDraft{TLP: notice.TLPGreen}, api.Marking, ""},
		{"wider, by its source", "AMBER", api.MarkDraft{TLP: notice.TLPGreen, Relabel: true}, "", notice.TLPGreen},
		{"red for a community", "RED", api.MarkDraft{}, api.Marking, ""},
		{"none", "", api.MarkDraft{}, api.MarkingAbsent, ""},
		{"none, marked", "", api.MarkDraft{TLP: notice.TLPClear}, "", notice.TLPClear},
		{"unknown", "PURPLE", api.MarkDraft{}, api.MarkingAbsent, ""},
		{"unknown, marked", "PURPLE", api.MarkDraft{TLP: notice.TLPAmber}, api.Marking, ""},
		{"unknown, by its source", "PURPLE", api.MarkDraft{TLP: notice.TLPAmber, Relabel: true}, "", notice.TLPAmber},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				a, b := w.member("Alpha"), w.member("Bravo")
				defer a.stop()
				defer b.stop()
				together(t, a, b)
				in := must(a.Import(t.Context(), api.ImportDraft{Name: "x.json", Data: advisory("A hole", tt.label)}))(t)
				if _, err := a.Import(t.Context(), api.ImportDraft{Data: advisory("A hole", tt.label)}); !api.Is(err, api.Conflict) {
					t.Errorf("twice: %v", err)
				}
				a.restart()
				if got := must(a.Alerts(t.Context(), api.List{}))(t); len(got.Entries) != 0 {
					t.Errorf("a held document is an alert: %+v", got)
				}
				tt.mark.Community = "demo"
				done, err := a.MarkHeld(t.Context(), in.Held.ID[:10], tt.mark)
				list := must(a.Held(t.Context()))(t).Held
				if tt.code != "" {
					if p := httpProblem(err); p == nil || p.Code != tt.code || list[0].Released != nil {
						t.Errorf("%v %+v", err, list)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				as := list[0].Released
				if as == nil || as.TLP != tt.tlp || as.By != "unknown" || as.At.IsZero() || as.Record != done.Published.ID || as.Community == nil {
					t.Errorf("%+v", list)
				}
				got := must(a.Record(t.Context(), done.Published.ID.String()))(t)
				if got.Alert == nil || got.Alert.Marking.TLP != tt.tlp || len(got.Attachments) != 1 {
					t.Errorf("%+v", got)
				}
				if _, err := a.MarkHeld(t.Context(), in.Held.ID, tt.mark); !api.Is(err, api.Conflict) {
					t.Errorf("marked again: %v", err)
				}
			})
		})
	}
}

// TestImportedRecords: a record in a file is kept where it belongs here, and else goes on as its author allows.
func TestImportedRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := newTrio(t)
		defer x.stop()
		for _, tlp := range []notice.TLP{notice.TLPGreen, notice.TLPAmber} {
			d := marked(notice.Marking{TLP: tlp}, "First")
			d.Alert.Texts[0].Title = "For " + string(tlp)
			id := must(x.a.PublishAlert(t.Context(), d))(t).ID
			x.open()
			file := must(x.b.Export(t.Context(), id.String(), api.ExportQuery{For: api.ForOwn}))(t).File
			if in := must(x.b.Import(t.Context(), api.ImportDraft{Data: file}))(t); in.Held != nil || in.Kept != id {
				t.Errorf("where it belongs: %+v", in)
			}
			in := must(x.c.Import(t.Context(), api.ImportDraft{Data: file}))(t)
			if in.Held == nil || in.Held.TLP != tlp || in.Held.Record != id || in.Held.Author == nil || in.Held.Author.ID != x.a.id() {
				t.Fatalf("%+v", in.Held)
			}
			done, err := x.c.MarkHeld(t.Context(), in.Held.ID, api.MarkDraft{Community: "Second", Relabel: true, TLP: notice.TLPClear})
			if !api.Is(err, api.Marking) && httpProblem(err).Code != api.Marking {
				t.Errorf("%s wider: %+v %v", tlp, done, err)
			}
			_, err = x.c.MarkHeld(t.Context(), in.Held.ID, api.MarkDraft{Community: "Second"})
			if goes := tlp == notice.TLPGreen; (err == nil) != goes {
				t.Errorf("%s: %v", tlp, err)
			}
			if tlp == notice.TLPAmber {
				must(x.c.DropHeld(t.Context(), in.Held.ID, api.DropDraft{}))(t)
			}
		}
		if _, err := x.c.Import(t.Context(), api.ImportDraft{Data: []byte(strings.Repeat("[", 1000))}); !api.Is(err, api.Malformed) {
			t.Errorf("%v", err)
		}
	})
}
