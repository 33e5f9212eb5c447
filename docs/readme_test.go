package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestReadme sees that every make command of the README is a target, and that every file it points to
// is there.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	commands := regexp.MustCompile("(?m)(?:^|`)make ([a-z]+)").FindAllStringSubmatch(string(readme), -1)
	if len(commands) < 2 {
		t.Fatalf("the README names %d make commands", len(commands))
	}
	for _, c := range commands {
		if !strings.Contains(string(makefile), "\n"+c[1]+":") {
			t.Errorf("make %s is no target of the Makefile", c[1])
		}
	}
	for _, link := range regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(string(readme), -1) {
		if _, err := os.Stat(filepath.Join("..", link[1])); err != nil {
			t.Errorf("the README points to %s: %v", link[1], err)
		}
	}
}
