package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestNoFlagMakesAFileNamedDash goes through every flag of every command that names a file or a directory: its help says that -
// is standard input or output, or the line is refused.
func TestNoFlagMakesAFileNamedDash(t *testing.T) {
	t.Chdir(t.TempDir())
	pathLike := regexp.MustCompile("file|root$|output|save|attach|identity|founder")
	files := 0
	walk(commands(testEnv(nil, io.Discard)), nil, func(path []string, c *cli.Command) {
		for _, f := range c.Flags {
			name := f.Names()[0]
			names, takes := takesDash(f)
			if !names {
				if pathLike.MatchString(name) && takesValue(f) {
					t.Errorf("%v: --%s does not say that it names a file", path, name)
				}
				continue
			}
			files++
			if takes || len(c.Subcommands) > 0 {
				continue
			}
			words := slices.Clone(path)
			for _, other := range c.Flags {
				if isRequired(other) && other.Names()[0] != name {
					words = append(words, dashed(other.Names()[0]), "x")
				}
			}
			words = append(words, dashed(name), dash)
			for word := range strings.FieldsSeq(c.ArgsUsage) {
				if !strings.HasPrefix(word, "[") {
					words = append(words, "x")
				}
			}
			code, _, errs := try(t, words...)
			if code != int(exitUsage) || !strings.Contains(errs, "--"+name+" cannot be -") {
				t.Errorf("%v: exit %d, %s", words, code, errs)
			}
		}
	})
	if files < 100 {
		t.Errorf("only %d flags name a file", files)
	}
	for _, line := range []string{"profile edit -", "config check -", "init --home - --team X --passphrase-file /dev/null"} {
		if code, _, errs := try(t, strings.Fields(line)...); code != int(exitUsage) || !strings.Contains(errs, "cannot be -") {
			t.Errorf("%s: exit %d, %s", line, code, errs)
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if err := createFile(dash, []byte("x"), 0o600); err == nil {
		t.Error("a file named - was written")
	}
	if err := createFile(filepath.Join(".", dash), nil, 0o600); err == nil {
		t.Error("joined to the name alone it is the same")
	}
	if err := createFile("./-", []byte("x"), 0o600); err != nil {
		t.Errorf("./-: %v", err)
	}
}

// TestStandardInputIsReadOnce: the second of two readers would find it empty, and send an empty text.
func TestStandardInputIsReadOnce(t *testing.T) {
	code, _, errs := tryWith(t, func(e *env) { e.Stdin = strings.NewReader("tlp = \"clear\"\n") },
		"alert", "send", "--community", "x", "--summary-file", "-", "-f", "-")
	if code != int(exitUsage) || !strings.Contains(errs, "standard input (-) can be read only once") {
		t.Errorf("exit %d, %s", code, errs)
	}
}
