package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"tocsin/pkg/api"
	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

func keyRevokeCommand(e *env) *cli.Command {
	return newCommand(e, command{
		Name:  "revoke",
		Usage: "take a node key back",
		Args:  "[REQUEST]",
		Help: `A revocation says up to which record each lane of the key counts; what the key signed beyond is outside everywhere. It takes three
steps: --request NODE, at a node of the team that is sound, writes what that node has of the key; tocsin key revoke --root ROOTFILE
REQUEST signs it at the machine of the root key; tocsin key publish spreads it.

--in-advance NODE makes a revocation to be printed and kept on paper, for the hour when nobody can get at the root key. It names no
records: once published it freezes the key, and nothing new of it is shown as valid until a revocation with records follows. Type its
numbered lines into a file, or put the text of its QR code there, and publish that.`,
		Examples: []string{
			"tocsin key revoke --request nbcq5rk4x2ma -o stolen.request",
			"tocsin key revoke --root /media/stick/root.key --why 'laptop stolen' -o stolen.revoke stolen.request",
			"tocsin key revoke --in-advance nbcq5rk4x2ma... --root /media/stick/root.key -o paper.txt",
		},
		Flags: append(rootFlags("sign with"),
			&cli.StringFlag{Name: "request", Usage: "write the request to revoke `NODE`, with the heads of its lanes as they are here"},
			&cli.StringFlag{Name: "in-advance", Usage: "make a revocation of `NODE` (its whole ID) for paper"},
			&cli.StringFlag{Name: "why", Usage: "say in a line why, as `TEXT` that others see"},
			outputFlag("the request, the revocation or the paper"),
		),
		Run: func(ctx context.Context, c *cli.Context) error {
			switch {
			case c.IsSet("request") && !c.IsSet("in-advance") && !c.IsSet("root") && c.NArg() == 0:
				return writeHeads(ctx, e, c, c.String("request"))
			case c.IsSet("in-advance") && !c.IsSet("request") && !c.IsSet("why") && c.NArg() == 0:
				return revokeInAdvance(ctx, e, c)
			case !c.IsSet("in-advance") && !c.IsSet("request") && c.NArg() == 1:
				return revokeByRequest(ctx, e, c)
			}
			return usageErrorf(seeHelp("tocsin key revoke"), "give either --request NODE, or --root FILE and REQUEST, or --in-advance NODE and --root FILE")
		},
	})
}

// writeHeads asks the daemon where the lanes of a node key end, or of all keys of the team.
func writeHeads(ctx context.Context, e *env, c *cli.Context, node string) error {
	d, out, err := dialForFile(e, c)
	if err != nil {
		return err
	}
	defer out.drop()
	heads, err := d.KeyHeads(ctx, node)
	if err != nil {
		return err
	}
	complain(e.Stderr, "", fmt.Sprintf("%s, %s as this node has them", nodesWords(heads.Nodes), plural(heads.Lanes, "lane")))
	if heads.Left > 0 {
		complain(e.Stderr, "", fmt.Sprintf("%s more, those with the fewest records, do not fit in: nothing in them will count", plural(heads.Left, "lane")))
	}
	return printFile(e, out, heads.Request, heads)
}

func nodesWords(nodes []identity.NodeID) string {
	if len(nodes) == 1 {
		return "node " + nodeGroups(nodes[0])
	}
	return plural(len(nodes), "node key") + " of this team"
}

// openHeads reads a request for a statement with heads and holds it against the root key.
func openHeads(e *env, path string) (*ceremony.Heads, error) {
	file, err := readKeyRequest(e, path)
	if err != nil {
		return nil, err
	}
	h, err := ceremony.OpenHeads(file)
	if err != nil {
		return nil, notTrusted(path, err)
	}
	return h, nil
}

func ofTeam(h *ceremony.Heads, root *identity.RootKey) error {
	if h.By.Team != root.Team() {
		return &userError{
			Code: exitRefused, Msg: fmt.Sprintf("the request is by team %s, and this is the root key of team %s", h.By.Team, root.Team()),
			Hint: "name the root key of that team: --root FILE",
		}
	}
	return nil
}

func revokeByRequest(ctx context.Context, e *env, c *cli.Context) error {
	h, err := openHeads(e, c.Args().First())
	if err != nil {
		return err
	}
	if len(h.Nodes) != 1 {
		return &userError{
			Code: exitRefused, Msg: "the request names " + plural(len(h.Nodes), "node key") + ", and one is revoked at a time",
			Hint: "write a request for one, at a node: tocsin key revoke --request NODE -o FILE",
		}
	}
	out, err := openOutput(c.String("output"))
	if err != nil {
		return err
	}
	defer out.drop()
	says := &notice.Revoke{Node: h.Nodes[0].Node, Heads: h.Nodes[0].Heads, Reason: c.String("why")}
	complain(e.Stderr, "", "this revokes node "+nodeGroups(says.Node))
	complain(e.Stderr, "", fmt.Sprintf("what it said stays up to where node %s had it at %s, in %s",
		short(h.By.Node), showTime(h.Created, e.Now()), plural(len(says.Heads), "lane")))
	if h.By.Node == says.Node {
		complain(e.Stderr, "warning: ", "the request was made with the very key that it revokes; if a thief has it, he chose what stays")
	}
	root, err := openRoot(ctx, e, c)
	if err != nil {
		return err
	}
	if err := ofTeam(h, root); err != nil {
		return err
	}
	s, err := ceremony.Revoke(root, says, ceremony.Made{At: e.Now(), After: h.Statements})
	if err != nil {
		return err
	}
	return printSigned(e, out, s)
}

// printSigned prints what a root signed, to be published at a node.
func printSigned(e *env, out *output, s *record.Statement) error {
	file, err := ceremony.File(s)
	if err != nil {
		return err
	}
	complain(e.Stderr, "", "signed; next, at a node of the team: tocsin key publish"+out.named("FILE"))
	return printFile(e, out, file, struct {
		ID        record.StatementID `json:"id"`
		Kind      string             `json:"kind"`
		Statement api.File           `json:"statement"`
	}{s.ID(), s.Kind, file})
}

func revokeInAdvance(ctx context.Context, e *env, c *cli.Context) error {
	node, err := identity.ParseNode(c.String("in-advance"))
	if err != nil {
		return usageErrorf("tocsin key list --json prints whole IDs", "--in-advance: %v", err)
	}
	out, err := openOutput(c.String("output"))
	if err != nil {
		return err
	}
	defer out.drop()
	complain(e.Stderr, "", "this makes a revocation for paper, of node "+nodeGroups(node))
	root, err := openRoot(ctx, e, c)
	if err != nil {
		return err
	}
	s, err := ceremony.Revoke(root, &notice.Revoke{Node: node, Frozen: true}, ceremony.Made{At: e.Now().Truncate(time.Millisecond)})
	if err != nil {
		return err
	}
	text, err := revocationPaper(s, root.Team(), node)
	if err != nil {
		return err
	}
	toFile := out.toFile()
	if toFile {
		if err := out.writeText(e, text); err != nil {
			return err
		}
	}
	complain(e.Stderr, "", "print it and keep it where the root key is not; who has it can silence the node, and nothing else")
	if e.JSON {
		return printJSON(e.Stdout, struct {
			ID    record.StatementID `json:"id"`
			Node  identity.NodeID    `json:"node"`
			Paper string             `json:"paper"`
		}{s.ID(), node, text})
	}
	if toFile {
		return nil
	}
	_, err = fmt.Fprint(e.Stdout, text)
	return err
}

func revocationPaper(s *record.Statement, team identity.TeamID, node identity.NodeID) (string, error) {
	lines, code, err := ceremony.Paper(s)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, `tocsin: a revocation made in advance

Freezes a node key if it may be stolen and nobody can get at the root key.
Type the numbered lines into a file, or put the text of the QR code there:
  tocsin key publish FILE
A revocation with records (tocsin key revoke --request) must follow.

Team  %s
Node  %s
Made  %s

%s
`, groups(team), nodeGroups(node), showInstant(s.Created), lines)
	if err := paperQR(&b, code); err != nil {
		return "", err
	}
	return b.String(), nil
}
