package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

// The scripts ask the binary on each key press, which is cheap since it starts in a few milliseconds, and so they never go
// stale when a command is added. One line per candidate: the word, a tab, what it does.

const bashCompletion = `# bash completion for tocsin; load with: source <(tocsin completion bash)
_tocsin() {
    local word line
    word="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    while IFS=$'\t' read -r line _; do
        COMPREPLY+=("$line")
    done < <(tocsin __complete -- "${COMP_WORDS[@]:1:COMP_CWORD-1}" "$word" 2>/dev/null)
}
complete -o default -F _tocsin tocsin
`

const zshCompletion = `#compdef tocsin
# zsh completion for tocsin; load with: source <(tocsin completion zsh)
_tocsin() {
    local -a candidates
    local name text
    while IFS=$'\t' read -r name text; do
        candidates+=("${name//:/\\:}:${text}")
    done < <(tocsin __complete -- "${(@)words[2,$CURRENT]}" 2>/dev/null)
    if (( ${#candidates} )); then
        _describe 'tocsin' candidates
    else
        _files
    fi
}
# Sourced, it registers itself; found in $fpath, it is being called for the first time.
if [ "${funcstack[1]}" = "_tocsin" ]; then
    _tocsin
else
    compdef _tocsin tocsin
fi
`

const fishCompletion = `# fish completion for tocsin; load with: tocsin completion fish | source
function __tocsin_complete
    set -l words (commandline -opc)
    tocsin __complete -- $words[2..-1] (commandline -ct) 2>/dev/null
end
complete -c tocsin -a '(__tocsin_complete)'
`

func completionCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "completion",
		Usage:    "print a completion script for a shell",
		Args:     "SHELL",
		Help:     "SHELL is bash, zsh or fish. The script asks this binary for candidates, so it need not be renewed on an update.",
		Examples: []string{"source <(tocsin completion bash)", "tocsin completion fish | source"},
		Run: func(_ context.Context, c *cli.Context) error {
			script := ""
			switch c.Args().First() {
			case "bash":
				script = bashCompletion
			case "zsh":
				script = zshCompletion
			case "fish":
				script = fishCompletion
			default:
				return usageErrorf("one of: bash, zsh, fish", "unknown shell %q", c.Args().First())
			}
			_, err := io.WriteString(e.Stdout, script)
			return err
		},
	})
}

func completeCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:   "__complete",
		Usage:  "print the words that may follow; used by the completion scripts",
		Args:   "[WORD...]",
		Hidden: true,
		Run: func(_ context.Context, c *cli.Context) error {
			for _, line := range candidates(rootPage(c.App), c.Args().Slice()) {
				fmt.Fprintln(e.Stdout, line)
			}
			return nil
		},
	})
}

// candidates says what may stand in place of the last word, which may be empty or begun. None means: a file, or free text.
func candidates(p page, words []string) []string {
	if len(words) == 0 {
		return nil
	}
	begun := words[len(words)-1]
	var valueOf cli.Flag // whose value comes next
	arguments := 0
	for _, w := range words[:len(words)-1] {
		if valueOf != nil {
			valueOf = nil
			continue
		}
		if strings.HasPrefix(w, "-") {
			if f := flagNamed(p.Flags, strings.TrimLeft(w, "-")); f != nil && takesValue(f) {
				valueOf = f
			}
			continue
		}
		if next, ok := p.child(w); ok {
			p = next
			continue
		}
		arguments++
	}
	if valueOf != nil {
		return begin(begun, flagWords(valueOf.Names()[0]))
	}
	var found []string
	if strings.HasPrefix(begun, "-") {
		for _, f := range p.Flags {
			if name := dashed(f.Names()[0]); strings.HasPrefix(name, begun) {
				text, _ := flagText(f)
				found = append(found, name+"\t"+text)
			}
		}
		return found
	}
	for _, v := range p.Verbs {
		if strings.HasPrefix(v.Name, begun) {
			found = append(found, v.Name+"\t"+v.Usage)
		}
	}
	if shape := strings.Fields(p.Args); arguments < len(shape) {
		found = append(found, begin(begun, argumentWords(shape[arguments]))...)
	}
	return found
}

// begin keeps the words that the user may be typing.
func begin(begun string, words []string) []string {
	var found []string
	for _, w := range words {
		if strings.HasPrefix(w, strings.ToLower(begun)) {
			found = append(found, w+"\t")
		}
	}
	return found
}
