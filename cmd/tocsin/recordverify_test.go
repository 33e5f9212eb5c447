package main

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tocsin/pkg/identity"
	"tocsin/pkg/invite"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// speaker is a team with a node, made from a name so that every run has the same.
type speaker struct {
	root *identity.RootKey
	node *identity.NodeKey
	word *identity.Delegation
}

func newSpeaker(t testing.TB, name string) speaker {
	t.Helper()
	seed := sha256.Sum256([]byte(name))
	root, err := identity.RootKeyFromSeed(seed[:])
	if err != nil {
		t.Fatal(err)
	}
	node, err := identity.NewNodeKey(bytes.NewReader(bytes.Repeat(seed[:], 8)))
	if err != nil {
		t.Fatal(err)
	}
	word, err := root.Delegate(node, name, testNow().Add(-time.Hour), testNow().AddDate(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	return speaker{root, node, word}
}

// exported is a record of an alert as a file.
func exported(t testing.TB, s speaker) []byte {
	t.Helper()
	body, err := notice.Encode(&notice.Alert{
		Type: notice.AlertNew, Status: notice.StatusTest, Marking: notice.Marking{TLP: notice.TLPGreen},
		Texts: []notice.Text{{Language: "en", Title: "A pump"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.Sign(s.node, record.Header{
		Kind: notice.KindAlert, Channel: record.InCommunity(identity.CommunityID{1}), Class: record.Routine, Delegation: s.word, Run: record.Run{1}, Seq: 1,
		Created: testNow(), Body: record.Body{MediaType: notice.MediaType},
	}, body)
	if err != nil {
		t.Fatal(err)
	}
	file, err := r.Envelope().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestVerifyRecord(t *testing.T) {
	file := exported(t, newSpeaker(t, "CERT-A"))
	path := filepath.Join(t.TempDir(), "a.json")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, errs := try(t, "record", "verify", path)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{"Verified: record", "[TEST] A pump", "TLP:GREEN", "Signed by     CERT-A t", "- the body is the one that was signed", "- the time: it is the author's own claim"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// TestVerifyWithoutBody: the header still proves itself, and it is said that nothing is known of what it says.
func TestVerifyWithoutBody(t *testing.T) {
	file := exported(t, newSpeaker(t, "CERT-A"))
	member := bytes.Index(file, []byte(`"tocsin_body":`))
	comma := bytes.LastIndexByte(file[:member], ',')
	rest := member + bytes.IndexByte(file[member:], '\n')
	v, err := verify(append(bytes.Clone(file[:comma]), file[rest:]...), testNow())
	if err != nil || v.Title != "" || v.TLP != "" || !strings.Contains(strings.Join(v.NotProven, "\n"), "the body is not in the file") {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestVerifyRefusesEveryChange: one letter of payload, signature or body changed proves nothing, with exit code 1.
func TestVerifyRefusesEveryChange(t *testing.T) {
	file := exported(t, newSpeaker(t, "CERT-A"))
	for _, member := range []string{`"payload":`, `"sig":`, `"tocsin_body":`} {
		at := bytes.Index(file, []byte(member))
		if at < 0 {
			t.Fatalf("no %s", member)
		}
		at += len(member) + 20
		changed := bytes.Clone(file)
		changed[at] = 'A' + (changed[at]+1-'A')%26
		if bytes.Equal(changed, file) {
			t.Fatal("nothing was changed")
		}
		if _, err := verify(changed, testNow()); err == nil {
			t.Errorf("%s changed, and verified", member)
		}
	}
	for _, cut := range []int{0, 1, len(file) / 2, len(file) - 3} {
		if _, err := verify(file[:cut], testNow()); err == nil {
			t.Errorf("cut at %d, and verified", cut)
		}
	}
}

// TestVerifyCharter: one that lacks a signature is shown, so that a founder can read it, and is not verified.
func TestVerifyCharter(t *testing.T) {
	a, b := newSpeaker(t, "CERT-A"), newSpeaker(t, "CERT-B")
	d, err := invite.NewDraft(&notice.Charter{Name: "Drill", Region: "Delta"}, testNow(), []*identity.Delegation{a.word, b.word})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "c.json")
	for _, step := range []struct {
		who  speaker
		code int
		want []string
	}{
		{a, 1, []string{"Not complete: charter", `community "Drill", 2 founders, region Delta`, "CERT-B", "its signature is missing"}},
		{b, 0, []string{"Verified: statement", "charter"}},
	} {
		if !d.Sign(step.who.node) {
			t.Fatal("not a founder")
		}
		file, err := d.File()
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := try(t, "record", "verify", path)
		if code != step.code {
			t.Errorf("exit %d, want %d: %s", code, step.code, errs)
		}
		for _, want := range step.want {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in\n%s", want, out)
			}
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(exported(f, newSpeaker(f, "CERT-A")))
	f.Add([]byte(`{"payload":"","payloadType":"","signatures":[]}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		v, err := verify(file, testNow())
		if err == nil && v.OK && len(v.Signers) == 0 {
			t.Error("verified, and signed by nobody")
		}
	})
}

// TestVerifyForeignFile: what is no file of ours is told so in words, not in those of a JSON library.
func TestVerifyForeignFile(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"text": "hello\n", "empty": "", "number": `{"payload":12}`, "list": "[]"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := try(t, "record", "verify", path)
		if code != 1 || out != "" || !strings.Contains(errs, "it is not a file of tocsin record export") || strings.Contains(errs, "json") {
			t.Errorf("%s: exit %d, stdout %q, stderr %q", name, code, out, errs)
		}
	}
}
