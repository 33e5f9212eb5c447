package api_test

import (
	"errors"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

const alertDraft = `{"community":"demo","alert":{"type":"new","status":"actual","marking":{"tlp":"clear"},
	"texts":[{"language":"en","title":"A title"}],"observed":"2026-11-21T09:00:00+01:00",
	"attachments":[{"name":"a.txt","media_type":"text/plain","data":"-_8"}]}}`

func TestDecodeRequest(t *testing.T) {
	var d api.AlertDraft
	if err := api.DecodeRequest(strings.NewReader(alertDraft), &d); err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC); !d.Alert.Observed.Equal(want) {
		t.Errorf("observed %v", d.Alert.Observed)
	}
	if d.Alert.Marking.TLP != notice.TLPClear || string(d.Alert.Attachments[0].Data) != "\xfb\xff" {
		t.Errorf("got %+v", d.Alert)
	}
	again, err := api.Encode(d)
	if err != nil {
		t.Fatal(err)
	}
	var d2 api.AlertDraft
	if err := api.DecodeRequest(strings.NewReader(string(again)), &d2); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(d, d2) {
		t.Errorf("after a round trip\n%+v\nwas\n%+v", d2, d)
	}
}

func TestDecodeRequestRefuses(t *testing.T) {
	for _, c := range []struct {
		name, body, field string
		code              api.Code
	}{
		{"unknown", `{"comunity":"demo"}`, "comunity", api.BadRequest},
		{"unknown inside", `{"alert":{"marking":{"tpl":"red"}}}`, "alert.marking.tpl", api.BadRequest},
		{"in a list", `{"alert":{"texts":[{"titel":"x"}]}}`, "alert.texts[0].titel", api.BadRequest},
		{"unknown label", `{"alert":{"marking":{"tlp":"pink"}}}`, "alert.marking.tlp", api.BadRequest},
		{"no label", `{"alert":{"marking":{"tlp":""}}}`, "alert.marking.tlp", api.MarkingAbsent},
		{"type", `{"community":7}`, "community", api.BadRequest},
		{"time", `{"expires":"tomorrow"}`, "expires", api.BadRequest},
		{"time of another type", `{"expires":7}`, "expires", api.BadRequest},
		{"base64", `{"alert":{"attachments":[{"data":"?"}]}}`, "alert.attachments[0].data", api.BadRequest},
		{"bytes of another type", `{"alert":{"attachments":[{"data":[1]}]}}`, "alert.attachments[0].data", api.BadRequest},
		{"no object", `7`, "request", api.BadRequest},
		{"twice", `{"community":"a","community":"b"}`, "", api.BadRequest},
		{"after the end", `{} {}`, "", api.BadRequest},
		{"empty", ``, "", api.BadRequest},
		{"too large", `{"community":"` + strings.Repeat("x", api.MaxRequest) + `"}`, "", api.TooLarge},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d api.AlertDraft
			err := api.DecodeRequest(strings.NewReader(c.body), &d)
			var p *api.Problem
			if !errors.As(err, &p) || p.Code != c.code {
				t.Fatalf("got %v", err)
			}
			if c.field != "" && (len(p.Fields) != 1 || p.Fields[0].Field != c.field) {
				t.Errorf("fields %+v, want %s", p.Fields, c.field)
			}
		})
	}
}

// People attach what their tools wrote: either alphabet of base64, padded or not.
func TestEitherBase64(t *testing.T) {
	for _, data := range []string{"-_8", "-_8=", "+/8", "+/8="} {
		var d api.AlertDraft
		if err := api.DecodeRequest(strings.NewReader(strings.Replace(alertDraft, "-_8", data, 1)), &d); err != nil {
			t.Errorf("%s: %v", data, err)
		} else if got := string(d.Alert.Attachments[0].Data); got != "\xfb\xff" {
			t.Errorf("%s: %q", data, got)
		}
	}
}

// A connection that breaks is not the caller's mistake.
func TestBrokenRequestIsNoProblem(t *testing.T) {
	broken := errors.New("broken")
	err := api.DecodeRequest(iotest.ErrReader(broken), new(api.AlertDraft))
	var p *api.Problem
	if !errors.Is(err, broken) || errors.As(err, &p) {
		t.Errorf("got %v", err)
	}
}

func TestAnswerOfSomethingElse(t *testing.T) {
	for _, answer := range []string{"", "<html>", `{"kind":7}`} {
		if err := api.DecodeAnswer([]byte(answer), new(api.Published)); err == nil {
			t.Errorf("%q was taken for an answer", answer)
		}
	}
}

func TestAnswersMayGrow(t *testing.T) {
	var p api.Published
	if err := api.DecodeAnswer([]byte(`{"kind":"alert","later":{"a":[1]}}`), &p); err != nil || p.Kind != "alert" {
		t.Errorf("%+v %v", p, err)
	}
}

func TestQueries(t *testing.T) {
	l := api.List{Community: "Demo & co", Since: time.Date(2026, 1, 2, 3, 4, 5, 6e6, time.UTC), Limit: 7}
	if got, err := api.ParseList(l.Query()); err != nil || got != l {
		t.Errorf("got %+v %v", got, err)
	}
	q := api.LedgerQuery{Community: "c", Team: "t", Drills: true, Detail: true, Since: l.Since}
	if got, err := api.ParseLedgerQuery(q.Query()); err != nil || got != q {
		t.Errorf("got %+v %v", got, err)
	}
	for _, bad := range []string{"limit=0", "limit=99999", "since=now", "team=x", "limit=1&limit=2"} {
		values, err := url.ParseQuery(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := api.ParseList(values); !api.Is(err, api.BadRequest) {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

func TestLedgerQueryRefuses(t *testing.T) {
	for _, bad := range []string{"since=now", "drills=yes", "detail=1", "limit=3", "team=a&team=b"} {
		values, err := url.ParseQuery(bad)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := api.ParseLedgerQuery(values); !api.Is(err, api.BadRequest) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if q, err := api.ParseLedgerQuery(url.Values{"drills": {"false"}}); err != nil || q.Drills {
		t.Errorf("%+v %v", q, err)
	}
}

func TestTextThatIsNotUTF8IsNamed(t *testing.T) {
	_, err := api.EncodeRequest(api.Found{Name: "Drill \xff"})
	if !api.Is(err, api.BadRequest) || !strings.Contains(err.Error(), "name: is not UTF-8") {
		t.Error(err)
	}
}

func TestPathEscapes(t *testing.T) {
	if got := api.Path(api.PathInvites, "a/b c"); got != "/v1/communities/a%2Fb%20c/invites" {
		t.Error(got)
	}
}

func FuzzDecodeRequest(f *testing.F) {
	f.Add(alertDraft)
	f.Add(`{"request":{"to":["x"]},"to":["a"]}`)
	f.Add(`{"founders":[{"payload":""}]}`)
	f.Fuzz(func(t *testing.T, s string) {
		for _, v := range []any{&api.AlertDraft{}, &api.RequestDraft{}, &api.ReplyDraft{}, &api.Found{}, &api.InviteDraft{}} {
			err := api.DecodeRequest(strings.NewReader(s), v)
			var p *api.Problem
			if err != nil && !errors.As(err, &p) {
				t.Fatalf("%T: not a problem: %v", v, err)
			}
			if err != nil {
				continue
			}
			if _, err := api.Encode(v); err != nil {
				t.Fatalf("%T: read but not written: %v", v, err)
			}
		}
	})
}
