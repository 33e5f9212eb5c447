package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"tocsin/testnet/local"
)

// options is what the demo is played with.
type options struct {
	binary string // the program
	data   string // where real documents are; empty for the built-in advisory
	out    *transcript
}

//go:embed testdata/region.toml
var region []byte

//go:embed testdata/advisory.json
var advisory []byte

// The parts, by what each team's name stands for in the ledger.
const (
	national    = "Aldra-CERT" // founds, warns, asks
	helpful     = "Brisa-CSIRT"
	declining   = "Corvo-CERT"
	slow        = "Dunmar-CERT"
	silent      = "Esker-CSIRT"
	unreachable = "Fenna-SOC"

	community = "sundrift"
)

// settle is how long the nodes may take to show something; far above what they take.
const settle = 2 * time.Minute

// play runs the demo from nothing to nothing.
func play(ctx context.Context, o options) error {
	schema, err := local.ParseSchema(region)
	if err != nil {
		return err
	}
	papers, err := gatherPapers(o.data)
	if err != nil {
		return err
	}
	cluster, err := local.New(local.Options{Schema: schema, Binary: o.binary, Env: []string{"TOCSIN_LOG_LEVEL=debug"}, Record: true})
	if err != nil {
		return err
	}
	s := &stage{Cluster: cluster, out: o.out, second: newSecondAct()}
	began := time.Now()
	err = s.acts(ctx, papers)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w\n%s", err, cluster.Dump(ctx))
	}
	if err = errors.Join(err, cluster.Close()); err != nil {
		return err
	}
	o.out.say("")
	o.out.saw("every outcome was observed, in %.0f s; all nodes are stopped and their files removed", time.Since(began).Seconds())
	return nil
}

// acts plays one scene after the other, until one shows what it should not.
func (s *stage) acts(ctx context.Context, p *papers) error {
	for _, act := range []func(context.Context) error{
		s.identities,
		s.daemons,
		s.gather,
		func(ctx context.Context) error { return s.warn(ctx, p) },
		func(ctx context.Context) error { return s.more(ctx, p) },
		func(ctx context.Context) error { return s.revise(ctx, p) },
		s.request,
		s.account,
		s.comeBack,
		s.foundGuild,
		s.apply,
		s.admit,
		s.tellMembers,
		s.expel,
		s.search,
	} {
		if err := act(ctx); err != nil {
			return err
		}
	}
	return nil
}
