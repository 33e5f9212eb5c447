package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/notice"
)

// audienceFlags say who gets a notice and what may be done with it.
func audienceFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "community", Usage: "`COMMUNITY` it goes to: name, ID, or the first 8 or more characters of it"},
		&cli.StringFlag{Name: "tlp", Usage: "who may see it: `LABEL` clear, green, amber, amber+strict or red (red: private requests only); there is no default"},
		&cli.StringFlag{Name: "pap", Usage: "what may be done with it: `LABEL` clear, green, amber or red"},
		&cli.StringSliceFlag{Name: "purpose", Usage: "a `LIMIT` on its use, such as defence-only or no-law-enforcement; may be repeated"},
		&cli.StringFlag{Name: "status", Usage: "`STATUS` actual (the default), exercise or test"},
		&cli.StringFlag{Name: "class", Usage: "how it is queued: `CLASS` routine, urgent or emergency (default: as severity or priority say)"},
	}
}

// contentFlags say what a notice says: one language, what is affected, references and files.
func contentFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "title", Usage: "one line that says what this is about"},
		&cli.StringFlag{Name: "summary", Usage: "the `TEXT`"},
		&cli.StringFlag{Name: "summary-file", Usage: "read the text from `FILE` (- for standard input)"},
		&cli.StringFlag{Name: "instruction", Usage: "what the reader should do, as `TEXT`"},
		&cli.StringFlag{Name: "format", Usage: "media `TYPE` of the text: text/plain (the default) or text/markdown"},
		&cli.StringFlag{Name: "lang", Usage: "`LANGUAGE` of title and text, such as en or pt-BR (default en); for several use a draft"},
		&cli.StringSliceFlag{Name: "cve", Usage: "`CVE` number it refers to; may be repeated, as the following"},
		&cli.StringSliceFlag{Name: "url", Usage: "`URL` it refers to"},
		&cli.StringSliceFlag{Name: "advisory", Usage: "`ID` of an advisory it refers to"},
		&cli.StringSliceFlag{Name: "prefix", Usage: "affected `PREFIX` or address"},
		&cli.StringSliceFlag{Name: "asn", Usage: "`NUMBER` of an affected autonomous system"},
		&cli.StringSliceFlag{Name: "domain", Usage: "affected `DOMAIN`, with what is below it"},
		&cli.StringSliceFlag{Name: "country", Usage: "affected country as two letters, `CC`"},
		&cli.StringSliceFlag{Name: "sector", Usage: "affected `SECTOR`, a word such as finance"},
		&cli.StringSliceFlag{Name: "attach", Usage: "attach `FILE`, or FILE:media/type where the type is not recognised"},
		relabelFlag("send a file whose own label is stricter or unknown, or a text that is here under a stricter marking: only with the permission of its source"),
		&cli.StringFlag{Name: "our-ref", Usage: "your own ticket `NUMBER`"},
		&cli.StringFlag{Name: "your-ref", Usage: "the recipient's ticket `NUMBER`, where known"},
	}
}

// draftFlags are the ways to a draft file.
func draftFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "file", Aliases: []string{"f"}, Usage: "take what the flags do not say from the draft `FILE` (- for standard input)"},
		&cli.BoolFlag{Name: "template", Usage: "print a commented draft and do nothing else"},
	}
}

// readDraft fills into from the draft file that the line names, if any: --file, or the argument at place arg.
func readDraft(e *env, c *cli.Context, arg int, into any) (origin, error) {
	name := c.String("file")
	if typed := c.Args().Get(arg); typed != "" {
		if name != "" {
			return origin{}, usageErrorf("", "two drafts: %q and %q", name, typed)
		}
		name = typed
	}
	if name == "" {
		return origin{flags: map[string]string{}}, nil
	}
	text, err := readInput(e, name, maxDraft)
	if err != nil {
		return origin{}, cannotRead("the draft: ", err)
	}
	o, err := decodeDraft(inputName(name), text, into)
	o.flags = map[string]string{}
	return o, err
}

// readInput reads a file, or standard input for "-".
func readInput(e *env, name string, limit int64) ([]byte, error) {
	if name != dash {
		return readLimited(name, limit)
	}
	stdin, err := e.standardInput()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(stdin, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("standard input is %w: at most %s", errTooBig, bytesOf(limit))
	}
	return text, err
}

// newDrafting starts on a draft that came from o. Files to attach are looked for beside the draft that names them, and nowhere
// else: the draft may be by another hand than the command, and must not choose which of the operator's files go out.
func newDrafting(e *env, o origin) *drafting {
	d := &drafting{from: o, now: e.Now(), read: func(path string) ([]byte, error) { return readLimited(path, notice.MaxBody) }}
	if o.file == "" || o.flags["attach"] != "" {
		return d
	}
	dir := "."
	if o.file != inputName(dash) {
		dir = filepath.Dir(o.file)
	}
	d.read = func(path string) ([]byte, error) { return readBeside(dir, path, notice.MaxBody) }
	return d
}

// over lays flags over a draft and remembers which flag set what.
type over struct {
	c    *cli.Context
	from origin
}

func (o over) text(key string, into *string) {
	flag := flagFor(key)[2:]
	if o.c.IsSet(flag) {
		*into = o.c.String(flag)
		o.from.flags[key] = "--" + flag
	}
}

func (o over) list(key string, into *[]string) {
	flag := flagFor(key)[2:]
	if o.c.IsSet(flag) {
		*into = o.c.StringSlice(flag)
		o.from.flags[key] = "--" + flag
	}
}

func (o over) when(key string, into *any) {
	typed := ""
	if o.text(key, &typed); o.from.flags[key] != "" {
		*into = typed
	}
}

// draft lays the flags that alerts and requests have in common over w.
func (o over) draft(e *env, w *draft) error {
	o.text("community", &w.Community)
	o.text("tlp", &w.TLP)
	noteWhite(e, w.TLP)
	o.text("pap", &w.PAP)
	o.list("purpose", &w.Purpose)
	o.text("status", &w.Status)
	o.text("class", &w.Class)
	o.text("our_ref", &w.OurRef)
	o.text("your_ref", &w.YourRef)
	o.list("cve", &w.CVE)
	o.list("url", &w.URL)
	o.list("advisory", &w.Advisory)
	o.list("attach", &w.Attach)
	o.list("affected.prefixes", &w.Affected.Prefixes)
	o.list("affected.domains", &w.Affected.Domains)
	o.list("affected.countries", &w.Affected.Countries)
	o.list("affected.sectors", &w.Affected.Sectors)
	if err := o.asns(w); err != nil {
		return err
	}
	return o.block(e, w)
}

// noteWhite tells who typed the label of TLP 1.0 what it is taken as.
func noteWhite(e *env, typed string) {
	if label := strings.ToLower(strings.TrimSpace(typed)); strings.TrimPrefix(label, "tlp:") == "white" {
		complain(e.Stderr, "note: ", "TLP:WHITE is the old name of TLP:CLEAR, and is taken as that")
	}
}

func (o over) asns(w *draft) error {
	var typed []string
	if o.list("affected.asns", &typed); typed == nil {
		return nil
	}
	w.Affected.ASNs = nil
	for _, s := range typed {
		n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(s)), "AS"), 10, 32)
		if err != nil {
			return usageErrorf("such as 64500", "--asn %q is not the number of an autonomous system", s)
		}
		w.Affected.ASNs = append(w.Affected.ASNs, uint32(n))
	}
	return nil
}

// block lays the flags of one language over the first block of that language, else over the first block there is.
func (o over) block(e *env, w *draft) error {
	set := false
	for _, f := range []string{"title", "summary", "summary-file", "instruction", "format", "lang"} {
		set = set || o.c.IsSet(f)
	}
	if !set {
		return nil
	}
	if o.c.IsSet("summary") && o.c.IsSet("summary-file") {
		return usageErrorf("", "--summary and --summary-file are the same field")
	}
	at := 0
	for i, t := range w.Text {
		if o.c.IsSet("lang") && strings.EqualFold(t.Language, o.c.String("lang")) {
			at = i
			break
		}
	}
	if len(w.Text) == 0 {
		w.Text = []textDraft{{Language: "en"}}
	}
	t, key := &w.Text[at], fmt.Sprintf("text[%d].", at)
	o.text(key+"title", &t.Title)
	o.text(key+"summary", &t.Summary)
	o.text(key+"instruction", &t.Instruction)
	o.text(key+"format", &t.Format)
	o.text(key+"language", &t.Language)
	if !o.c.IsSet("summary-file") {
		return nil
	}
	text, err := readInput(e, o.c.String("summary-file"), notice.MaxSummary)
	if err != nil {
		return cannotRead("the text: ", err)
	}
	t.Summary = string(text)
	o.from.flags[key+"summary"] = "--summary-file"
	return nil
}

// without returns the flags but the named ones.
func without(flags []cli.Flag, names ...string) []cli.Flag {
	var kept []cli.Flag
	for _, f := range flags {
		drop := false
		for _, n := range names {
			drop = drop || f.Names()[0] == n
		}
		if !drop {
			kept = append(kept, f)
		}
	}
	return kept
}

// exists tells a file from a word.
func exists(path string) bool {
	_, err := os.Stat(path) //nolint:gosec // the operator named it
	return err == nil
}
