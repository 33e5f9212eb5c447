package main

import (
	"bytes"
	"fmt"

	"tocsin/pkg/ceremony"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
	"tocsin/pkg/roster"
)

// keyWords says for people what a root key said of keys; ok is false for other kinds, and for what cannot be read.
func keyWords(s *record.Statement) (words string, ok bool) {
	switch s.Kind {
	case roster.KindRevoke:
		r, err := notice.DecodeRevoke(s.Says)
		if err != nil {
			return "", false
		}
		words = "node " + r.Node.String() + " is revoked; it counts up to " + plural(len(r.Heads), "named lane")
		if r.Frozen {
			words = "node " + r.Node.String() + " is frozen: nothing new of it is valid until a revocation with records follows"
		}
		if r.Reason != "" {
			words += fmt.Sprintf(": %q", r.Reason)
		}
		return words, true
	case roster.KindRotate:
		if r, err := notice.DecodeRotate(s.Says); err == nil {
			return "team " + r.Old.String() + " goes on as team " + r.New.String() + ", signed by both", true
		}
	case roster.KindSucceed:
		if r, err := notice.DecodeSucceed(s.Says); err == nil {
			return "team " + r.New.String() + " claims to go on from team " + r.Old.String() + ", which does not say so", true
		}
	}
	return "", false
}

// verifyKeyRequest checks a request for a node key.
func verifyKeyRequest(text []byte) (*verdict, error) {
	r, err := ceremony.OpenRequest(text)
	if err != nil {
		return nil, err
	}
	v := &verdict{
		OK: true, What: "key request", Created: r.Created, Title: r.Name, NotProven: []string{
			"that the node is one of the team: compare its ID with the screen of the node", "the time: it is the node's own claim",
		},
		Says:   "node " + r.Keys.Node.String() + " asks the root of team " + r.Team.String() + " to let it speak",
		Proven: []string{"whoever made it holds the node's signing key and its transport key"},
	}
	if r.Replaces != (identity.NodeID{}) {
		v.Says += ", in the place of node " + r.Replaces.String()
	}
	return v, nil
}

// verifyKeyHeads checks a request for a revocation.
func verifyKeyHeads(text []byte) (*verdict, error) {
	h, err := ceremony.OpenHeads(text)
	if err != nil {
		return nil, err
	}
	return &verdict{
		OK: true, What: "request for a revocation", Created: h.Created, Signers: []signer{nodeSigner(h.By)},
		Says:   fmt.Sprintf("where %s of %s of the team end", plural(h.Lanes(), "lane"), plural(len(h.Nodes), "node key")),
		Proven: []string{"the node named has signed it", "the team's root key delegated to that node"}, NotProven: common(),
	}, nil
}

// onPaper says whether a text may be a revocation on paper: it is no JSON.
func onPaper(text []byte) bool {
	text = bytes.TrimSpace(text)
	return len(text) > 0 && text[0] != '{'
}

// fromPaper returns the statement that a revocation on paper stands for, as a file.
func fromPaper(text []byte) ([]byte, error) {
	s, err := ceremony.ReadStatement(text)
	if err != nil {
		return nil, errNotOurs
	}
	return ceremony.File(s)
}
