package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
)

// page is one command as help, man page and completion see it.
type page struct {
	// Path is what to type to get here: "tocsin alert send".
	Path     string
	Usage    string
	Args     string
	Help     string
	Examples string
	Flags    []cli.Flag
	Verbs    []*cli.Command
}

func pageOf(path string, cmd *cli.Command) page {
	return page{
		Path: path, Usage: cmd.Usage, Args: cmd.ArgsUsage, Help: cmd.Description, Examples: cmd.UsageText,
		Flags: cmd.Flags, Verbs: visible(cmd.Subcommands),
	}
}

func rootPage(app *cli.App) page {
	return page{Path: programName, Usage: app.Usage, Flags: app.Flags, Verbs: visible(app.Commands)}
}

// child finds a verb, or a verb's verb, by name.
func (p page) child(name string) (page, bool) {
	for _, v := range p.Verbs {
		if v.HasName(name) {
			return pageOf(p.Path+" "+v.Name, v), true
		}
	}
	return page{}, false
}

// runs tells a noun that does something by itself, which has examples, from one that only groups verbs.
func (p page) runs() bool { return p.Examples != "" }

// synopsis is the one line that shows the order in which things are typed.
func (p page) synopsis() string {
	var b strings.Builder
	b.WriteString(p.Path)
	if len(p.Verbs) > 0 && !p.runs() {
		b.WriteString(" COMMAND")
		return b.String()
	}
	for _, f := range p.Flags {
		if isRequired(f) {
			_, value := flagText(f)
			fmt.Fprintf(&b, " %s %s", dashed(f.Names()[0]), value)
		}
	}
	b.WriteString(" [flags]")
	if p.Args != "" {
		b.WriteString(" " + p.Args)
	}
	return b.String()
}

func visible(all []*cli.Command) []*cli.Command {
	var shown []*cli.Command
	for _, c := range all {
		if !c.Hidden {
			shown = append(shown, c)
		}
	}
	return shown
}

func verbNames(p page) []string {
	var names []string
	for _, v := range p.Verbs {
		names = append(names, v.Name)
	}
	return names
}

// flagText splits a flag's usage into its text and the name of its value, which stands in back quotes.
func flagText(f cli.Flag) (text, value string) {
	d, ok := f.(cli.DocGenerationFlag)
	if !ok {
		return "", ""
	}
	text = d.GetUsage()
	if d.TakesValue() {
		value = "VALUE"
	}
	if before, rest, ok := strings.Cut(text, "`"); ok {
		if name, after, ok := strings.Cut(rest, "`"); ok {
			text, value = before+name+after, name
		}
	}
	return text, value
}

// flagRow is a flag as a two-column line: "--home DIR" and what it means.
func flagRow(f cli.Flag) (left, right string) {
	text, value := flagText(f)
	var names []string
	for _, n := range f.Names() {
		names = append(names, dashed(n))
	}
	left = strings.TrimSpace(strings.Join(names, ", ") + " " + value)
	if isRequired(f) {
		text += " (required)"
	} else if d, ok := f.(cli.DocGenerationFlag); ok && d.TakesValue() {
		if value := d.GetDefaultText(); !slices.Contains([]string{"", `""`, "0", "0s"}, value) {
			text += " (default " + value + ")"
		}
	}
	return left, text
}

// writeHelp prints a page in plain ASCII, at most 100 columns wide.
func writeHelp(w io.Writer, p page) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\nUsage: %s\n", p.Path, p.Usage, p.synopsis())
	if p.Help != "" {
		b.WriteString("\n" + wrap(p.Help, "", 100) + "\n")
	}
	if p.Examples != "" {
		b.WriteString("\nExamples:\n  " + strings.ReplaceAll(p.Examples, "\n", "\n  ") + "\n")
	}
	var verbs, own, global [][2]string
	for _, v := range p.Verbs {
		verbs = append(verbs, [2]string{v.Name, v.Usage})
	}
	for _, f := range p.Flags {
		left, right := flagRow(f)
		if isGlobal(f) {
			global = append(global, [2]string{left, right})
		} else {
			own = append(own, [2]string{left, right})
		}
	}
	writeRows(&b, "Commands", verbs)
	writeRows(&b, "Flags", own)
	writeRows(&b, "Flags of every command", global)
	if p.Path == programName {
		writeRows(&b, "Exit codes", exitRows())
	}
	if len(p.Verbs) > 0 {
		fmt.Fprintf(&b, "\nMore: %s COMMAND --help\n", p.Path)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func exitRows() [][2]string {
	var rows [][2]string
	for _, c := range api.Exits() {
		rows = append(rows, [2]string{fmt.Sprint(int(c)), c.String()})
	}
	return rows
}

// writeRows prints a titled list in two columns; a left side that is too long gets a line of its own.
func writeRows(b *strings.Builder, title string, rows [][2]string) {
	const widest = 28
	if len(rows) == 0 {
		return
	}
	width := 0
	for _, r := range rows {
		if len(r[0]) <= widest {
			width = max(width, len(r[0]))
		}
	}
	indent := strings.Repeat(" ", width+4)
	fmt.Fprintf(b, "\n%s:\n", title)
	for _, r := range rows {
		text := strings.TrimPrefix(wrap(r[1], indent, 100), indent)
		if len(r[0]) > widest {
			fmt.Fprintf(b, "  %s\n%s%s\n", r[0], indent, text)
			continue
		}
		fmt.Fprintf(b, "  %-*s  %s\n", width, r[0], text)
	}
}

// wrap fills paragraphs (parted by empty lines) to width columns, each line after indent. Lines that begin with a space are
// left as they are.
func wrap(text, indent string, width int) string {
	var out []string
	for para := range strings.SplitSeq(text, "\n\n") {
		if strings.HasPrefix(para, " ") || strings.HasPrefix(para, "\t") {
			out = append(out, indent+strings.ReplaceAll(para, "\n", "\n"+indent))
			continue
		}
		var lines []string
		line := indent
		for word := range strings.FieldsSeq(para) {
			if len(line) > len(indent) && len(line)+1+len(word) > width {
				lines = append(lines, line)
				line = indent
			}
			if len(line) > len(indent) {
				line += " "
			}
			line += word
		}
		out = append(out, strings.Join(append(lines, line), "\n"))
	}
	return strings.Join(out, "\n\n")
}

func helpCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "help",
		Usage:    "explain a command",
		Args:     "[COMMAND...]",
		Examples: []string{"tocsin help version"},
		Run: func(_ context.Context, c *cli.Context) error {
			p := rootPage(c.App)
			for _, word := range c.Args().Slice() {
				next, ok := p.child(word)
				if !ok {
					hint := seeHelp(p.Path)
					if near := nearest(word, verbNames(p)); near != "" {
						hint = "did you mean: tocsin help" + strings.TrimPrefix(p.Path, programName) + " " + near
					}
					return usageErrorf(hint, "no command %q to explain", p.Path+" "+word)
				}
				p = next
			}
			return writeHelp(e.Stdout, p)
		},
	})
}
