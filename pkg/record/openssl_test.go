package record_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tocsin/pkg/dsse"
	"tocsin/pkg/record"
)

// opensslCommands returns the shell commands that docs/spec/record.md tells people to run.
func opensslCommands(t *testing.T) string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/spec/record.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(doc), "### Check an exported record with openssl")
	if !found {
		t.Fatal("the page has no section about openssl")
	}
	_, rest, _ = strings.Cut(rest, "```sh\n")
	commands, _, found := strings.Cut(rest, "```")
	if !found {
		t.Fatal("the section has no commands")
	}
	return commands
}

// TestOpenSSL runs exactly the documented commands on exported records, good and broken.
func TestOpenSSL(t *testing.T) {
	for _, tool := range []string{"openssl", "sh"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not installed: the documented commands were not run", tool)
		}
	}
	commands := opensslCommands(t)
	a := newAuthor(t, 1, "Example CSIRT")
	broken := a.sign(t, a.header(), "body").Envelope()
	broken.Signatures[0].Sig[5] ^= 1
	other := a.sign(t, a.header(), "body").Envelope()
	other.Extra = []byte("BODY")
	tests := []struct {
		name   string
		export func() ([]byte, error)
		ok     bool
	}{
		{"a record", a.sign(t, a.header(), "the body\n").Envelope().Marshal, true},
		{"an empty-looking body", a.sign(t, a.header(), "\x00").Envelope().Marshal, true},
		{"a whole chunk", a.sign(t, a.header(), strings.Repeat("x", record.ChunkSize)).Envelope().Marshal, true},
		{"a name with braces", newAuthor(t, 2, `A } "node":"x" {`).sign(t, newAuthor(t, 2, `A } "node":"x" {`).header(), "x").Envelope().Marshal, true},
		{"a broken signature", broken.Marshal, false},
		{"another body", other.Marshal, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			b, err := tt.export()
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "record.json"), b, 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), "sh", "-eu", "-c", commands)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if (err == nil) != tt.ok {
				t.Fatalf("%v\n%s", err, out)
			}
			if !tt.ok {
				return
			}
			if n := strings.Count(string(out), "Signature Verified Successfully"); n != 2 {
				t.Errorf("%d signatures verified, want 2:\n%s", n, out)
			}
			file, err := dsse.ParseEnvelope(b)
			if err != nil {
				t.Fatal(err)
			}
			var checker record.Verifier
			r, err := checker.FromEnvelope(file)
			if err != nil {
				t.Fatal(err)
			}
			d := r.Header().Delegation
			ids := fmt.Sprintf("\n%s\n%s\n%s\ndelegated from ", d.Team, d.Node, r.ID())
			if !strings.Contains(string(out), ids) || !strings.HasSuffix(string(out), "Z\n") {
				t.Errorf("want%sin\n%s", ids, out)
			}
		})
	}
}
