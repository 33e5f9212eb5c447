package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"tocsin/testnet/local"
)

func TestBuiltInPapers(t *testing.T) {
	s, err := local.ParseSchema(region)
	if err != nil {
		t.Fatal(err)
	}
	for i, name := range []string{national, helpful, declining, slow, silent, unreachable} {
		if s.Teams[i].Name != name {
			t.Errorf("team %d is %s, not %s", i, s.Teams[i].Name, name)
		}
	}
	var csaf struct {
		Document struct {
			Version string `json:"csaf_version"`
		} `json:"document"`
	}
	if err := json.Unmarshal(advisory, &csaf); err != nil || csaf.Document.Version != "2.0" {
		t.Errorf("the advisory is no CSAF document: %v", err)
	}
}

func TestGatherPapers(t *testing.T) {
	dir := t.TempDir()
	if _, err := gatherPapers(dir); err == nil {
		t.Error("an empty directory was taken for documents")
	}
	for _, name := range []string{"csaf/b.json", "csaf/a.json", "misp/c.json", "csaf/not.txt"} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p, err := gatherPapers(dir)
	if err != nil || len(p.advisories) != 2 || len(p.reports) != 1 || filepath.Base(p.advisories[0]) != "a.json" {
		t.Errorf("%+v, %v", p, err)
	}
}

func TestShown(t *testing.T) {
	got := shown([]string{"alert", "send", "--title", "it's here", "--tlp", "clear", ""})
	if want := `tocsin alert send --title 'it'\''s here' --tlp clear ''`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestTranscript(t *testing.T) {
	var printed bytes.Buffer
	script := &transcript{w: &printed}
	script.scene("Before")
	script.scene(pictureFrom)
	script.say("%s", strings.Repeat("word ", 40))
	script.typed("Aldra-CERT", quoted([]string{"alert", "send", "--title", strings.Repeat("x", 50), "--summary", "two words"})...)
	script.answered(strings.Repeat("<line> & more\n", 40))
	script.saw("it is there")
	script.scene(pictureTo)
	if strings.Contains(printed.String(), "\x1b") {
		t.Error("colour without being asked")
	}
	for line := range strings.Lines(printed.String()) {
		if len(line) > 100 {
			t.Errorf("long line: %s", line)
		}
	}
	picture := script.svg()
	if bytes.Contains(picture, []byte("Before")) || bytes.Contains(picture, []byte(pictureTo)) || !bytes.Contains(picture, []byte("it is there")) {
		t.Error("the picture shows other scenes than it should")
	}
	for dec := xml.NewDecoder(bytes.NewReader(picture)); ; {
		if _, err := dec.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("the picture is not XML: %v", err)
		}
	}
	script = &transcript{w: &printed, colour: true}
	script.saw("x")
	if !strings.Contains(printed.String(), "\x1b[32m") {
		t.Error("no colour though asked")
	}
}
