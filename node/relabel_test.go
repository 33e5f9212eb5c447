package node

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// TestAWiderMarkingIsSaidOnPurpose: an update or cancel carries the words of what it replaces, and so at least its marking.
func TestAWiderMarkingIsSaidOnPurpose(t *testing.T) {
	amber := notice.Marking{TLP: notice.TLPAmber}
	for _, tt := range []struct {
		name    string
		was, is notice.Marking
		says    string // of the refusal; empty: it goes
	}{
		{"the same", amber, amber, ""},
		{"stricter", amber, notice.Marking{TLP: notice.TLPAmberStrict, PAP: notice.PAPRed, Purpose: []notice.Purpose{notice.DefenceOnly}}, ""},
		{"amber as clear", amber, notice.Marking{TLP: notice.TLPClear}, "TLP:AMBER, which is stricter than TLP:CLEAR"},
		{"strict as amber", notice.Marking{TLP: notice.TLPAmberStrict}, amber, "TLP:AMBER+STRICT, which is stricter than TLP:AMBER"},
		{"wider action", notice.Marking{TLP: notice.TLPAmber, PAP: notice.PAPRed}, amber, "PAP:RED"},
		{"a limit less", notice.Marking{TLP: notice.TLPAmber, Purpose: []notice.Purpose{notice.DefenceOnly}}, amber, "defence-only"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := newWorld(t).member("Alpha")
				defer a.stop()
				together(t, a)
				for _, kind := range []notice.AlertType{notice.AlertUpdate, notice.AlertCancel} {
					first := draft("first")
					first.Alert.Marking = tt.was
					next := revision(kind, must(a.PublishAlert(t.Context(), first))(t).ID)
					next.Alert.Marking = tt.is
					time.Sleep(time.Second)
					_, err := a.PublishAlert(t.Context(), next)
					switch p := httpProblem(err); {
					case tt.says == "" && err != nil:
						t.Errorf("%s: %v", kind, err)
					case tt.says == "":
						continue
					case p == nil || p.Code != api.Marking || !strings.Contains(p.Detail, tt.says) || !strings.Contains(p.Hint, "--relabel"):
						t.Errorf("%s: %+v", kind, p)
					}
					next.Relabel = true
					must(a.PublishAlert(t.Context(), next))(t)
				}
			})
		})
	}
}
