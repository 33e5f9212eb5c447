package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinks: what a page points to is there.
func TestLinks(t *testing.T) {
	var pages []string
	for _, pattern := range []string{"*.md", "*/*.md", "*/*/*.md", "../*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range regexp.MustCompile(`\]\(([^)#: ]+)(#[^)]*)?\)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), link[1])); err != nil {
				t.Errorf("%s points to %s: %v", page, link[1], err)
			}
		}
	}
}

// TestDecisions: the index of the decisions has each one, with the date, title and status that stand in it.
func TestDecisions(t *testing.T) {
	index, err := os.ReadFile("decisions/README.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("decisions/[0-9]*.md")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^# (\d{4}): ([^\n]+)\n\nDate: (\d{4}-\d{2}-\d{2})\. Status: (in force|superseded by \d{4})\.[^\n]*\n`)
	for _, file := range files {
		name := filepath.Base(file)
		if strings.HasPrefix(name, "0000-") {
			continue // the template
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m := form.FindStringSubmatch(string(text))
		if m == nil || !strings.HasPrefix(name, m[1]+"-") {
			t.Errorf("%s does not begin with its number, its title, its date and its status", name)
			continue
		}
		if row := "| [" + m[1] + "](" + name + ") | " + m[3] + " | " + m[2] + " | " + m[4] + " |"; !strings.Contains(string(index), row) {
			t.Errorf("decisions/README.md has no row: %s", row)
		}
	}
}

// TestChanges: each change says of which sort it is, and then what is noticed.
func TestChanges(t *testing.T) {
	files, err := filepath.Glob("changes/unreleased/*.md")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`^(New|Change|Fix|Security|Wire): [^\n]+\n\n[^\n]`)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !form.Match(text) {
			t.Errorf("%s is not of the form that changes/README.md asks for", file)
		}
	}
}
