package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
)

// communityFlag is needed only where a team applies to several communities.
func communityFlag() cli.Flag {
	return &cli.StringFlag{Name: "community", Usage: "the application to `COMMUNITY`, where the team applies to several"}
}

func communitySponsorCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "sponsor",
		Usage: "sponsor a team that applies",
		Args:  "APPLICATION",
		Help: `APPLICATION is the file that the team sent, or the ID of an application that is here already, or its team. To sponsor is to say that you
know the team and answer for it: it is signed, shown to all members, and counted against your budget. Compare the team's ID with it by
another way first. Read the file with tocsin record verify FILE.

With -o an invite for the applicant is written: by it the team finds this node, and observes until it is admitted. Without -o none is
written; the first sponsor should send one. The statement's ID goes to stdout.`,
		Examples: []string{
			"tocsin community sponsor -o cert-d.invite cert-d.application",
			"tocsin community sponsor --note 'Met in Kigali, works with us on takedowns' CERT-D",
		},
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "note", Usage: "what you know of the team: `TEXT`"},
			communityFlag(),
			&cli.StringFlag{Name: "expires", Usage: "the invite can be used for this `SPAN`, or until this time (default: 7d and the window)"},
			&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Usage: "write an invite for the applicant to `FILE`"},
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			about, err := readAbout(e, c.Args().First())
			if err != nil {
				return err
			}
			draft := api.SponsorDraft{Application: about.file, Community: c.String("community"), Note: c.String("note")}
			if typed := c.String("expires"); typed != "" {
				if draft.Expires, err = parseWhen(typed, e.Now()); err != nil {
					return usageErrorf(whenHint, "--expires: %v", err)
				}
			}
			d, out, err := dialForFile(e, c)
			if err != nil {
				return err
			}
			defer out.drop()
			done, err := d.Sponsor(ctx, about.id, draft)
			if err != nil {
				return err
			}
			if done.Already {
				complain(e.Stderr, "", "this team sponsors it already")
			} else {
				tellSigned(e, "this team sponsors", &done.Application, draft.Note)
			}
			tellStanding(e, &done.Application)
			if err := writeSponsorInvite(e, out, done); err != nil {
				return err
			}
			if e.JSON {
				return printAnswer(e, done)
			}
			_, err = fmt.Fprintln(e.Stdout, done.Statement)
			return err
		},
	})
}

func writeSponsorInvite(e *env, out *output, done *api.Sponsored) error {
	if !out.toFile() {
		if len(done.Application.Sponsors.Voices) <= 1 {
			e.hint("the applicant needs an invite to find this node; write one with: tocsin community sponsor -o INVITE-FILE " + short(done.Application.ID))
		}
		return nil
	}
	if err := out.write(e, done.Invite); err != nil {
		return err
	}
	complain(e.Stderr, "", "send it to the applicant, which runs: tocsin join FILE; it can be used until "+showTime(done.Expires, e.Now()))
	if len(done.Addresses) == 0 {
		complain(e.Stderr, "", "the invite names no address: the team cannot find you by it")
		e.hint("set listen and announce addresses in the config, then write another: tocsin config show")
	}
	return nil
}

func communityObjectCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "object",
		Usage: "object to a team that applies",
		Args:  "APPLICATION",
		Help: `APPLICATION is a file, the ID of an application, or its team. The objection and its reason are signed and shown to all members. How many
keep a team out the charter says; what is said after the team was admitted changes nothing: then see tocsin community remove.`,
		Examples: []string{"tocsin community object --reason 'Nobody answers at the contact it names' CERT-D"},
		Flags: []cli.Flag{
			required(&cli.StringFlag{Name: "reason", Usage: "why, for the members and the sponsors: `TEXT`"}),
			communityFlag(),
		},
		Run: func(ctx context.Context, c *cli.Context) error {
			about, err := readAbout(e, c.Args().First())
			if err != nil {
				return err
			}
			d, err := dial(e)
			if err != nil {
				return err
			}
			done, err := d.Object(ctx, about.id, api.ObjectDraft{Application: about.file, Community: c.String("community"), Reason: c.String("reason")})
			if err != nil {
				return err
			}
			return tellSpoken(e, "this team objects to", done, c.String("reason"))
		},
	})
}

func communityAdmitCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "admit",
		Usage: "attest that an application lay open for its window, unopposed",
		Args:  "APPLICATION",
		Help: `APPLICATION is the ID of an application, or its team. The daemon does this by itself unless the setting community.attest is ask. It is
refused for a sponsor of the team, before the window has run by this node's clock, and when members objected. To admit a team where
one founder's word decides, see tocsin invite.`,
		Examples: []string{"tocsin community admit CERT-D"},
		Flags:    []cli.Flag{communityFlag()},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			done, err := d.Admit(ctx, c.Args().First(), api.AdmitDraft{Community: c.String("community")})
			if err != nil {
				return err
			}
			return tellSpoken(e, "this team attests that nobody kept out", done, "")
		},
	})
}

func tellSpoken(e *env, what string, done *api.Spoken, text string) error {
	if e.JSON {
		return printAnswer(e, done)
	}
	tellSigned(e, what, &done.Application, text)
	tellStanding(e, &done.Application)
	_, err := fmt.Fprintln(e.Stdout, done.Statement)
	return err
}
