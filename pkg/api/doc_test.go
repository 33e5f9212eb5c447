package api_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tocsin/pkg/api"
)

var update = flag.Bool("update", false, "write the table of codes into docs/api.md")

const manual = "../../docs/api.md"

// TestExamplesOfTheManual decodes each example as strictly as a request, so that no member in it is
// misspelt, and encodes it again.
func TestExamplesOfTheManual(t *testing.T) {
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]func() any{
		"AlertDraft": func() any { return new(api.AlertDraft) }, "Published": func() any { return new(api.Published) },
		"RequestDraft": func() any { return new(api.RequestDraft) }, "ReplyDraft": func() any { return new(api.ReplyDraft) },
		"CloseDraft": func() any { return new(api.CloseDraft) }, "WithdrawDraft": func() any { return new(api.WithdrawDraft) },
		"Found": func() any { return new(api.Found) }, "SignCharter": func() any { return new(api.SignCharter) },
		"InviteDraft": func() any { return new(api.InviteDraft) }, "Join": func() any { return new(api.Join) },
		"RemoveDraft": func() any { return new(api.RemoveDraft) }, "Event": func() any { return new(api.Event) },
		"Problem": func() any { return new(api.Problem) }, "KeyFile": func() any { return new(api.KeyFile) }, "LeaveDraft": func() any { return new(api.LeaveDraft) },
		"ApplyDraft": func() any { return new(api.ApplyDraft) }, "SponsorDraft": func() any { return new(api.SponsorDraft) },
		"ObjectDraft": func() any { return new(api.ObjectDraft) }, "AdmitDraft": func() any { return new(api.AdmitDraft) },
		"OpenDraft":    func() any { return new(api.OpenDraft) },
		"ProfileDraft": func() any { return new(api.ProfileDraft) }, "PinDraft": func() any { return new(api.PinDraft) },
		"VouchDraft":        func() any { return new(api.VouchDraft) },
		"PermissionRequest": func() any { return new(api.PermissionRequest) }, "ForwardDraft": func() any { return new(api.ForwardDraft) },
		"EraseDraft": func() any { return new(api.EraseDraft) }, "ImportDraft": func() any { return new(api.ImportDraft) },
		"MarkDraft":   func() any { return new(api.MarkDraft) },
		"DomainProof": func() any { return new(api.DomainProof) }, "CardDraft": func() any { return new(api.CardDraft) },
	}
	examples := regexp.MustCompile("(?s)```json (\\w+)\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	seen := map[string]bool{}
	for _, e := range examples {
		fresh, ok := kinds[e[1]]
		if !ok {
			t.Errorf("an example of an unknown type %s", e[1])
			continue
		}
		seen[e[1]] = true
		v := fresh()
		if err := api.DecodeRequest(strings.NewReader(e[2]), v); err != nil {
			t.Errorf("%s: %v", e[1], err)
			continue
		}
		if _, err := api.Encode(v); err != nil {
			t.Errorf("%s: %v", e[1], err)
		}
	}
	for kind := range kinds {
		if !seen[kind] {
			t.Errorf("the manual has no example of %s", kind)
		}
	}
}

func TestManualListsEveryCode(t *testing.T) {
	var b strings.Builder
	b.WriteString("| code | status | exit | meaning |\n|---|---|---|---|\n")
	for _, m := range api.Meanings() {
		status := fmt.Sprint(m.Status)
		if m.Status == 0 {
			status = "(made by the client)"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %d %s | %s |\n", m.Code, status, m.Exit, m.Exit, m.Title)
	}
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(text), "| code | status |")
	if !ok {
		head, _, _ = strings.Cut(string(text), "CODES\n")
	}
	if want := head + b.String(); want != string(text) {
		if !*update {
			t.Fatal("the table of codes in docs/api.md is not the one of the program; run: go test ./pkg/api -update")
		}
		if err := os.WriteFile(manual, []byte(want), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
	}
}

// TestManualListsEveryPath reads the paths from the source, so that a new one cannot be forgotten here.
func TestManualListsEveryPath(t *testing.T) {
	text, err := os.ReadFile(manual)
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	paths := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^(?:const)?\s*Path\w+\s*= "(/v1/[^"]*)"`).FindAllSubmatch(source, -1) {
			paths++
			if !regexp.MustCompile(" " + regexp.QuoteMeta(string(m[1])) + "[`?]").Match(text) {
				t.Errorf("%s is not in docs/api.md", m[1])
			}
		}
	}
	if paths < 40 {
		t.Errorf("found %d paths in the source", paths)
	}
}
