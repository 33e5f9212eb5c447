package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/node/config"
	"tocsin/pkg/keyfile"
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
	manList(&b, "EXIT STATUS", exitRows())
	b.WriteString(".PP\nA code that is not in this list is a failure; later releases may add some.\n")
	manList(&b, "FILES", manFiles())
	manList(&b, "ENVIRONMENT", manEnvironment())
	fmt.Fprintf(&b, ".SH SEE ALSO\n.BR openssl (1),\n.BR systemd.exec (5)\n.PP\n%s\n",
		roff("In the source of this program: README.md, docs/cli.md (what a script may rely on), docs/operations.md (every file and key), docs/api.md."))
	_, err := io.WriteString(w, b.String())
	return err
}

// manFiles are the files of a node, below its home directory.
func manFiles() [][2]string {
	return [][2]string{
		{"~/.tocsin", "the home directory of a node, unless --home or TOCSIN_HOME names another; what follows lies in it"},
		{keyfile.RootFile, "the team's root key, under its passphrase; to be moved offline after init"},
		{keyfile.NodeFile, "the node's keys and its delegation"},
		{keyfile.UnlockFile, "opens node.key without a person (keys.unlock)"},
		{config.FileName, "the settings; tocsin config init writes it with its manual"},
		{config.Default().Store.Dir, "what the node keeps, encrypted (store.dir)"},
		{profileFile, "the draft of the team's profile (profile init, profile edit)"},
		{"peers.txt", "addresses from invites and cards"},
		{"communities.txt", "the communities that this team founded, joined or applied to"},
		{"domains.txt", "what looks at the domains of communities found (community prove)"},
		{config.Default().Socket, "where the daemon listens for the other commands (socket)"},
	}
}

func manEnvironment() [][2]string {
	return [][2]string{
		{"TOCSIN_HOME", "the home directory of the node; --home goes before it"},
		{"HOME", "without either, the node lives in .tocsin there"},
		{"TOCSIN_SECTION_KEY", "any setting, such as " + config.EnvName("mesh.listen") + " for mesh.listen; it goes before config.toml"},
		{"CREDENTIALS_DIRECTORY", "where systemd puts the credential that keys.unlock = \"credential:NAME\" means"},
		{"NOTIFY_SOCKET", "the daemon tells systemd there when it serves, and when it ends"},
		{"GOMEMLIMIT, GOGC", "if set, they are left as they are; otherwise the daemon sets its own"},
	}
}

func manList(b *strings.Builder, title string, rows [][2]string) {
	fmt.Fprintf(b, ".SH %s\n", title)
	for _, r := range rows {
		fmt.Fprintf(b, ".TP\n.B %s\n%s\n", roff(r[0]), roff(r[1]))
	}
}

func manPage(b *strings.Builder, p page) {
	if len(p.Verbs) > 0 {
		if !p.runs() {
			fmt.Fprintf(b, ".SS %s\n%s\n", roff(p.Path), roff(p.Usage))
		}
		defer func() {
			for _, v := range p.Verbs {
				manPage(b, pageOf(p.Path+" "+v.Name, v))
			}
		}()
		if !p.runs() {
			return
		}
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
