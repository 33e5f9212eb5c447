package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// The files that team openpgp writes.
const (
	openPGPKey       = "key.asc"
	openPGPText      = "id.txt"
	openPGPSignature = "id.txt.asc"
)

func teamOpenPGPCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "openpgp",
		Usage: "write what a team's OpenPGP key says of its ID, for gpg to check",
		Args:  "TEAM",
		Help: `Writes from the team's profile its OpenPGP public key (key.asc), the ID of the team as this node has it (id.txt) and the signature of that
key on it (id.txt.asc), and prints the gpg commands that check them. This program does not check: a good signature is worth what you
know of the key. If you had the key before, from another source, and its fingerprint is the same, the ID is the team's: pin it.

For the profile of this team make the signature with:

tocsin id --json gives the ID; printf '%s\n' TEAM-ID > id.txt; gpg --armor --detach-sign id.txt; the text of id.txt.asc goes into signature
of [openpgp] in profile.toml, and that of gpg --armor --export-options export-minimal --export FINGERPRINT into key.`,
		Examples: []string{"tocsin team openpgp -o cert-b CERT-B"},
		Flags: []cli.Flag{
			required(&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write the files into `DIR`, which is made if need be"}),
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			v, err := profileOf(ctx, e, c.Args().First())
			if err != nil {
				return err
			}
			o := v.Profile.OpenPGP
			if o == nil || o.Key == "" && o.Signature == "" {
				return &userError{Code: exitNotFound, Msg: "the profile of " + showTeam(v.Team) + " has no OpenPGP key", Hint: "ask the team to publish one, or compare: tocsin team pin"}
			}
			return writeOpenPGP(e, c.String("output"), v)
		},
	})
}

func writeOpenPGP(e *env, dir string, v *api.ProfileView) error {
	if err := makeDir(dir); err != nil {
		return err
	}
	o := v.Profile.OpenPGP
	answer := openPGPFiles{Team: v.Team, Fingerprint: o.Fingerprint}
	for _, f := range []struct{ name, text string }{
		{openPGPKey, o.Key}, {openPGPText, notice.SignedText(v.Team.ID)}, {openPGPSignature, o.Signature},
	} {
		if f.text == "" {
			continue
		}
		path := filepath.Join(dir, f.name)
		if err := createFile(path, []byte(f.text), 0o600); err != nil {
			return err
		}
		answer.Files = append(answer.Files, path)
	}
	in := func(name string) string { return quoteAll([]string{filepath.Join(dir, name)}) }
	if o.Key != "" {
		answer.Check = append(answer.Check, "gpg --show-keys --with-fingerprint"+in(openPGPKey), "gpg --import"+in(openPGPKey))
	}
	if o.Signature != "" {
		answer.Check = append(answer.Check, "gpg --verify"+in(openPGPSignature)+in(openPGPText))
	}
	if e.JSON {
		return printAnswer(e, answer)
	}
	for _, f := range answer.Files {
		complain(e.Stderr, "", "wrote "+f)
	}
	if o.Signature == "" {
		complain(e.Stderr, "", "the key has not signed the team ID; it proves nothing about it")
	}
	complain(e.Stderr, "", "the team says that its key has the fingerprint "+fingerprintGroups(cleanLine(o.Fingerprint))+"; compare it with the one you know, then:")
	for _, line := range answer.Check {
		if _, err := fmt.Fprintln(e.Stdout, line); err != nil {
			return err
		}
	}
	e.hint("if gpg says Good signature by that key: tocsin team pin --how openpgp --fingerprint \"$(cat" + in(openPGPText) + ")\" " + short(v.Team.ID))
	return nil
}

type openPGPFiles struct {
	Team        api.Team `json:"team"`
	Fingerprint string   `json:"fingerprint"`
	Files       []string `json:"files"`
	Check       []string `json:"check"` // lines for a shell
}
