package main

import (
	"errors"
	"path/filepath"
	"regexp"
	"strings"

	"tocsin/pkg/client"
	"tocsin/pkg/keyfile"
)

// hint prints the next thing to type or to look at.
func (e *env) hint(text string) { complain(e.Stderr, "hint: ", e.here(text)) }

// here repeats the --home that was typed in every command of this node that the text names, so that the line can be typed as it
// stands. What is for other people to type must not go through it.
func (e *env) here(text string) string {
	if e.Home == "" {
		return text
	}
	names := make([]string, 0, 32)
	for _, c := range commands(e) {
		switch c.Name {
		case "help", "version", "completion", "man":
		default:
			names = append(names, c.Name)
		}
	}
	typed := quoteAll([]string{"--home", e.Home})
	named := regexp.MustCompile(elsewhere + `|\b` + programName + ` (` + strings.Join(names, "|") + `)\b`)
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.Contains(line, " --home ") || strings.HasPrefix(line, "see: ") && strings.HasSuffix(line, " --help") {
			continue
		}
		lines[i] = named.ReplaceAllStringFunc(line, func(s string) string {
			if command, own := strings.CutPrefix(s, programName+" "); own && !strings.HasPrefix(command, "key delegate") {
				return programName + typed + " " + command
			}
			return s
		})
	}
	return strings.Join(lines, "\n")
}

// elsewhere matches what is typed at another place: what another team is asked to do ("ask CERT-B to publish one: ...", "ask a
// founder for it: ..."), up to the end of the clause, and what is signed with the root key.
const elsewhere = `\bask (?:[^;:]*? to|(?:a founder|the team) for) (?:[^;,]|, [^o])*|\b` + programName + ` key delegate\b`

// placed is a failure told from where this node lives: a directory without an identity is not one whose daemon is down.
func (e *env) placed(f failure, err error) failure {
	if home, homeErr := e.home(); homeErr == nil && errors.Is(err, client.ErrNotRunning) && len(keyFiles(home)) == 0 {
		f.Message += "; and there is no identity in " + home
		f.Hint = noIdentity
	}
	f.Hint = e.here(f.Hint)
	return f
}

// noIdentity is the way out of a directory without keys.
const noIdentity = "make an identity with: tocsin init --team NAME\nor name the directory that holds one: --home DIR"

// keyFiles are the key files that lie in a directory, by name.
func keyFiles(dir string) []string {
	var found []string
	for _, name := range []string{keyfile.RootFile, keyfile.UnlockFile, keyfile.NodeFile} {
		if exists(filepath.Join(dir, name)) {
			found = append(found, name)
		}
	}
	return found
}
