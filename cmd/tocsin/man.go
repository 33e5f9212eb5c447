package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"
)

func manCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:     "man",
		Usage:    "print the manual page",
		Help:     "Prints the whole command tree as a manual page in roff, to be read or installed.",
		Examples: []string{"tocsin man | man -l -"},
		Run:      func(_ context.Context, c *cli.Context) error { return writeMan(e.Stdout, rootPage(c.App)) },
	})
}

// writeMan prints the tree under root as one page of section 1. It is our own since urfave's goes through a markdown
// renderer that does not know which flags are required.
func writeMan(w io.Writer, root page) error {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH TOCSIN 1 \"\" \"tocsin %s\"\n", roff(versionString()))
	fmt.Fprintf(&b, ".SH NAME\ntocsin \\- %s\n", roff(root.Usage))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B tocsin\n[flags] COMMAND [flags] [arguments]\n")
	b.WriteString(".SH COMMANDS\n")
	for _, v := range root.Verbs {
		manPage(&b, pageOf(root.Path+" "+v.Name, v))
	}
	b.WriteString(".SH FLAGS OF EVERY COMMAND\n")
	manFlags(&b, globalFlags())
	b.WriteString(".SH EXIT STATUS\n")
	for _, r := range exitRows() {
		fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", r[0], roff(r[1]))
	}
	b.WriteString(".PP\nA code that is not in this list is a failure; later releases may add some.\n")
	_, err := io.WriteString(w, b.String())
	return err
}

func manPage(b *strings.Builder, p page) {
	if len(p.Verbs) > 0 {
		fmt.Fprintf(b, ".SS %s\n%s\n", roff(p.Path), roff(p.Usage))
		for _, v := range p.Verbs {
			manPage(b, pageOf(p.Path+" "+v.Name, v))
		}
		return
	}
	fmt.Fprintf(b, ".SS %s\n%s\n", roff(p.synopsis()), roff(p.Usage))
	for para := range strings.SplitSeq(p.Help, "\n\n") {
		if para != "" {
			fmt.Fprintf(b, ".PP\n%s\n", roff(para))
		}
	}
	if p.Examples != "" {
		fmt.Fprintf(b, ".PP\n.nf\n%s\n.fi\n", roff(p.Examples))
	}
	var own []cli.Flag
	for _, f := range p.Flags {
		if !isGlobal(f) {
			own = append(own, f)
		}
	}
	manFlags(b, own)
}

func manFlags(b *strings.Builder, flags []cli.Flag) {
	for _, f := range flags {
		left, right := flagRow(f)
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(left), roff(right))
	}
}

// roff quotes what the formatter would take for its own.
func roff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s)
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.HasPrefix(l, ".") || strings.HasPrefix(l, "'") {
			lines[i] = `\&` + l
		}
	}
	return strings.Join(lines, "\n")
}
