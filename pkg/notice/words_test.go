package notice_test

import (
	"encoding"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"tocsin/pkg/notice"
)

type word interface {
	~string
	fmt.Stringer
	encoding.TextMarshaler
	Known() bool
}

// testVocabulary holds a vocabulary to its exact list and to what every vocabulary does.
func testVocabulary[W word](t *testing.T, words []W, parse func(string) (W, error), want string) {
	t.Helper()
	var got []string
	for _, w := range words {
		got = append(got, string(w))
		for _, spelt := range []string{string(w), strings.ToUpper(string(w)), strings.ToLower(string(w)), " " + string(w) + " "} {
			if back, err := parse(spelt); err != nil || back != w {
				t.Errorf("parse(%q) = %q, %v; want %q", spelt, back, err, w)
			}
		}
		if !w.Known() || w.String() != string(w) {
			t.Errorf("%q: Known() = %v, String() = %q", w, w.Known(), w)
		}
		text, err := w.MarshalText()
		if err != nil || string(text) != string(w) {
			t.Errorf("%q: MarshalText() = %q, %v", w, text, err)
		}
		var read W
		if err := any(&read).(encoding.TextUnmarshaler).UnmarshalText(text); err != nil || read != w {
			t.Errorf("%q: UnmarshalText gave %q, %v", w, read, err)
		}
		js, err := json.Marshal(w)
		if err != nil || string(js) != `"`+string(w)+`"` {
			t.Errorf("%q: JSON is %s, %v", w, js, err)
		}
		read = ""
		if err := json.Unmarshal(js, &read); err != nil || read != w {
			t.Errorf("%q: JSON gave back %q, %v", w, read, err)
		}
	}
	if s := strings.Join(got, " "); s != want {
		t.Errorf("words are\n%s\nwant\n%s", s, want)
	}
	if W("").Known() || W("no-such-word").Known() {
		t.Error("an unknown word is known")
	}
	for _, bad := range []string{"", "no-such-word", strings.Repeat("x", 300), "\x1b[31m"} {
		_, err := parse(bad)
		var e *notice.WordError
		if !errors.As(err, &e) {
			t.Fatalf("parse(%.20q): error is %v", bad, err)
		}
		if !slices.Equal(e.Allowed, got) {
			t.Errorf("parse(%.20q): error allows %q", bad, e.Allowed)
		}
		if msg := err.Error(); strings.ContainsAny(msg, "\x1b\n") || len(msg) > 600 {
			t.Errorf("parse(%.20q): error is unfit to show: %q", bad, msg)
		}
	}
	if _, err := W("\x1b[31m").MarshalText(); err == nil {
		t.Error("a control character was written as a word")
	}
}

func TestVocabularies(t *testing.T) {
	t.Run("TLP", func(t *testing.T) {
		testVocabulary(t, notice.TLPs(), notice.ParseTLP, "TLP:CLEAR TLP:GREEN TLP:AMBER TLP:AMBER+STRICT TLP:RED")
	})
	t.Run("PAP", func(t *testing.T) {
		testVocabulary(t, notice.PAPs(), notice.ParsePAP, "PAP:CLEAR PAP:GREEN PAP:AMBER PAP:RED")
	})
	t.Run("Purpose", func(t *testing.T) {
		testVocabulary(t, notice.Purposes(), notice.ParsePurpose,
			"defence-only no-attribution no-commercial-use no-law-enforcement no-legal-proceedings no-publication no-victim-contact")
	})
	t.Run("AlertType", func(t *testing.T) {
		testVocabulary(t, notice.AlertTypes(), notice.ParseAlertType, "new update cancel")
	})
	t.Run("Status", func(t *testing.T) {
		testVocabulary(t, notice.Statuses(), notice.ParseStatus, "actual exercise test")
	})
	t.Run("Severity", func(t *testing.T) {
		testVocabulary(t, notice.Severities(), notice.ParseSeverity, "extreme severe moderate minor unknown")
	})
	t.Run("Urgency", func(t *testing.T) {
		testVocabulary(t, notice.Urgencies(), notice.ParseUrgency, "immediate expected future past unknown")
	})
	t.Run("Certainty", func(t *testing.T) {
		testVocabulary(t, notice.Certainties(), notice.ParseCertainty, "observed likely possible unlikely unknown")
	})
	t.Run("Action", func(t *testing.T) {
		testVocabulary(t, notice.Actions(), notice.ParseAction,
			"takedown information victim-notification log-preservation sinkhole contact assistance permission other")
	})
	t.Run("Priority", func(t *testing.T) {
		testVocabulary(t, notice.Priorities(), notice.ParsePriority, "low normal high urgent")
	})
	t.Run("ReplyState", func(t *testing.T) {
		testVocabulary(t, notice.ReplyStates(), notice.ParseReplyState,
			"acknowledged accepted declined need-info progress done")
	})
	t.Run("Reason", func(t *testing.T) {
		testVocabulary(t, notice.Reasons(), notice.ParseReason,
			"out-of-constituency legal political capacity unclear unverified duplicate resolved other")
	})
	t.Run("Opinion", func(t *testing.T) {
		testVocabulary(t, notice.Opinions(), notice.ParseOpinion, "helped partly-helped not-helped not-needed")
	})
}

func TestAliasesAndSuggestions(t *testing.T) {
	alias := func(got fmt.Stringer, err error, want string) {
		t.Helper()
		if err != nil || got.String() != want {
			t.Errorf("got %q, %v; want %q", got, err, want)
		}
	}
	for in, want := range map[string]string{
		"clear": "TLP:CLEAR", "tlp:white": "TLP:CLEAR", "WHITE": "TLP:CLEAR", "Amber+Strict": "TLP:AMBER+STRICT",
		"tlp:amber-strict": "TLP:AMBER+STRICT", "red": "TLP:RED",
	} {
		got, err := notice.ParseTLP(in)
		alias(got, err, want)
	}
	pap, err := notice.ParsePAP("white")
	alias(pap, err, "PAP:CLEAR")
	pap, err = notice.ParsePAP("amber")
	alias(pap, err, "PAP:AMBER")
	typ, err := notice.ParseAlertType("Alert")
	alias(typ, err, "new")
	purpose, err := notice.ParsePurpose("defense-only") //nolint:misspell // an alias
	alias(purpose, err, "defence-only")
	for in, want := range map[string]string{"ack": "acknowledged", "accept": "accepted", "decline": "declined"} {
		state, err := notice.ParseReplyState(in)
		alias(state, err, want)
	}

	near := func(err error, want string) {
		t.Helper()
		var e *notice.WordError
		if !errors.As(err, &e) || e.Nearest != want {
			t.Errorf("error %v suggests %q, want %q", err, e.Nearest, want)
		}
	}
	_, err = notice.ParseTLP("ambre")
	near(err, "TLP:AMBER")
	_, err = notice.ParseTLP("TLP:GREN")
	near(err, "TLP:GREEN")
	_, err = notice.ParseSeverity("sevree")
	near(err, "severe")
	_, err = notice.ParseAction("victim")
	near(err, "victim-notification")
	_, err = notice.ParseSeverity("banana")
	near(err, "")
	_, err = notice.ParseClassification("fishing")
	near(err, "fraud/phishing")
	_, err = notice.ParseTLP("tlp:clear:x")
	if err == nil || !strings.Contains(err.Error(), "one of TLP:CLEAR, TLP:GREEN") {
		t.Errorf("error does not list the labels: %v", err)
	}
}

func TestStrictness(t *testing.T) {
	labels := append(notice.TLPs(), "TLP:ULTRAVIOLET")
	for i, a := range labels {
		for j, b := range labels {
			if got := a.Stricter(b); got != (i > j) {
				t.Errorf("%s.Stricter(%s) = %v", a, b, got)
			}
		}
	}
	if !notice.TLP("").Stricter(notice.TLPRed) {
		t.Error("an unmarked notice is not stricter than RED")
	}
	if !notice.PAP("pap:blue").Stricter(notice.PAPRed) || notice.PAP("").Stricter(notice.PAPClear) {
		t.Error("PAP: an unknown label must be strictest and none the freest")
	}
	if !notice.SeverityExtreme.Worse(notice.SeveritySevere) || notice.Severity("").Worse(notice.SeverityUnknown) ||
		notice.Severity("catastrophic").Worse(notice.SeverityMinor) {
		t.Error("severities are out of order")
	}
	if !notice.PriorityHigh.Higher("") || notice.Priority("").Higher(notice.PriorityNormal) {
		t.Error("a missing priority must rank as normal")
	}
	m := notice.Marking{TLP: notice.TLPGreen}
	if !m.Understood() {
		t.Error("a plain marking is not understood")
	}
	m.Purpose = []notice.Purpose{"no-quantum-use"}
	if m.Understood() {
		t.Error("an unknown purpose limit is understood")
	}
	for _, p := range append(notice.Purposes(), "no-quantum-use") {
		if p.Contract() == "" {
			t.Errorf("%s has no contract", p)
		}
	}
	if !notice.StatusTest.Drill() || notice.StatusActual.Drill() || notice.Status("system").Drill() {
		t.Error("drills are told apart wrongly")
	}
	for _, s := range notice.ReplyStates() {
		if s.Decision() != (s == notice.Accepted || s == notice.Declined || s == notice.Done) {
			t.Errorf("%s.Decision() = %v", s, s.Decision())
		}
	}
}

func TestTaxonomyIsComplete(t *testing.T) {
	want := map[string]int{
		"abusive-content": 3, "malicious-code": 4, "information-gathering": 3, "intrusion-attempts": 3, "intrusions": 5,
		"availability": 5, "information-content-security": 4, "fraud": 4, "vulnerable": 5, "other": 2, "test": 1,
	}
	classes, types := notice.Classifications(), map[string]bool{}
	for _, c := range classes {
		if want[c.Name] != len(c.Types) || c.Label == "" {
			t.Errorf("class %s (%q) has %d types, want %d", c.Name, c.Label, len(c.Types), want[c.Name])
		}
		for _, typ := range c.Types {
			if types[typ.Name] || typ.Label == "" {
				t.Errorf("type %s is there twice or has no label", typ.Name)
			}
			types[typ.Name] = true
			full := notice.Classification{Class: c.Name, Type: typ.Name}
			for _, s := range []string{full.String(), typ.Name, strings.ToUpper(typ.Name), `rsit:` + c.Name + `="` + typ.Name + `"`} {
				if got, err := notice.ParseClassification(s); err != nil || got != full {
					t.Errorf("ParseClassification(%q) = %v, %v", s, got, err)
				}
			}
			if full.Label() != c.Label+" / "+typ.Label || !full.Known() {
				t.Errorf("%v has label %q", full, full.Label())
			}
		}
	}
	if len(classes) != 11 || len(types) != 39 {
		t.Errorf("%d classes and %d types, want 11 and 39", len(classes), len(types))
	}
	got, err := notice.ParseClassification("fraud/unauthorized-use-of-resources") //nolint:misspell // an alias
	if err != nil || got.Type != "unauthorised-use-of-resources" {
		t.Errorf("IntelMQ's spelling gave %v, %v", got, err)
	}
	_, err = notice.ParseClassification("fraud/spam")
	if err == nil || strings.Contains(err.Error(), "abusive") {
		t.Errorf("a type of another class: %v", err)
	}
	_, err = notice.ParseClassification("intrusions")
	if err == nil || !strings.Contains(err.Error(), "intrusions/burglary") {
		t.Errorf("a class alone: %v", err)
	}
	var c notice.Classification
	for _, in := range []string{`7`, `"fraud"`, `"a/b c"`, `"/x"`, `""`, `null`} {
		err := json.Unmarshal([]byte(in), &c)
		if wantErr := in != `""` && in != `null`; (err != nil) != wantErr || !c.IsZero() {
			t.Errorf("%s gave %v, %v", in, c, err)
		}
	}
	if err := json.Unmarshal([]byte(`"quantum/entangled"`), &c); err != nil || c.Known() || c.String() != "quantum/entangled" || c.Label() != "" {
		t.Errorf("a newer pair gave %v, %v", c, err)
	}
	if _, err := (notice.Classification{Class: "fraud"}).MarshalText(); err == nil {
		t.Error("half a classification was written")
	}
}
