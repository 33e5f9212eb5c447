package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/identity"
)

func communityProveCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "prove",
		Usage: "check that the domain in a community's charter names the community",
		Args:  "COMMUNITY",
		Help: `Anybody can write any domain into a charter; only the domain's owner can say there that the community is its own. This asks the DNS for a
TXT record of _tocsin.DOMAIN and then https://DOMAIN/.well-known/tocsin-community, from this machine, and has the node remember what it
found; tocsin community show tells it. If nothing is there, what to publish is printed: one of the two is enough, and both may name
several communities, one a record or a line. Exit code 0 means that the domain names the community.

It tells the domain's owner that somebody here looks. Redirects to other hosts and addresses inside private networks are not followed.`,
		Examples: []string{"tocsin community prove Lantau"},
		Run: func(ctx context.Context, c *cli.Context) error {
			d, err := dial(e)
			if err != nil {
				return err
			}
			m, err := d.Community(ctx, c.Args().First())
			if err != nil {
				return err
			}
			if m.Domain == "" {
				return &userError{
					Code: exitRefused, Msg: "the charter of " + cleanLine(m.Name) + " names no domain, so there is nothing to prove",
					Hint: "a charter cannot be changed; another one can be founded with --domain",
				}
			}
			look := e.Domains
			if look == nil {
				look = newDomainLook()
			}
			proof := look.look(ctx, m.Domain, m.ID)
			proof.At = e.Now().UTC()
			if _, err := d.Prove(ctx, m.ID.String(), proof); err != nil {
				return err
			}
			return printProof(e, m, proof)
		},
	})
}

// proofRecord is what the owner of a domain publishes in the DNS.
func proofRecord(domain string, c identity.CommunityID) string {
	return fmt.Sprintf("%s%s. IN TXT %q", proofLabel, domain, proofPrefix+c.String())
}

func printProof(e *env, m *api.Community, p api.DomainProof) error {
	if e.JSON {
		if err := printAnswer(e, p); err != nil {
			return err
		}
	}
	name := cleanLine(m.Name) + " (" + short(m.ID) + ")"
	switch p.State {
	case api.ProofFound:
		if e.JSON {
			return nil
		}
		_, err := fmt.Fprintf(e.Stdout, "%s names %s as its own, by %s\n", cleanLine(p.Domain), name, p.How)
		return err
	case api.ProofFailed:
		return &userError{Code: exitFailed, Msg: "could not ask " + cleanLine(p.Domain) + ": " + cleanLine(p.Detail), Hint: "try again later, or from a machine that reaches it"}
	case api.ProofMissing:
	}
	if p.Detail != "" {
		complain(e.Stderr, "", cleanLine(p.Detail))
	}
	if !e.JSON {
		// What is to be published is the answer: it can be piped into a zone or a file.
		fmt.Fprintln(e.Stdout, proofRecord(m.Domain, m.ID))
		fmt.Fprintf(e.Stdout, "https://%s%s: %s%s\n", m.Domain, wellKnownPath, proofPrefix, m.ID)
	}
	return &userError{
		Code: exitFailed, Msg: cleanLine(p.Domain) + " does not name " + name,
		Hint: "if the domain is yours, publish one of the two lines above there, as a TXT record or in that file",
	}
}
