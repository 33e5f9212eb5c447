package roster

import (
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// verdict is what the rules make of a graph. What is in it belongs to the edit that made it and is immutable
// afterwards.
type verdict struct {
	marks     list[mark] // of the nodes, by their places
	parties   cow[identity.TeamID, *party]
	supported cow[identity.TeamID, []record.StatementID] // applications that somebody sponsors, by team
	apps      cow[record.StatementID, *application]      // those that count
	proposals cow[record.StatementID, *proposal]
	members   cow[identity.TeamID, record.StatementID] // and the application by which each is in
	ends      cow[identity.TeamID, *tails]             // of teams that were removed or left
	removed   cow[identity.TeamID, struct{}]           // of these, those that others removed
	names     cow[identity.TeamID, label]
	facts     int      // numbers given out
	bound     bool     // a budget kept somebody out
	last      *node    // that decided on an application, the last in the order of judging
	first     *verdict // of the second pass: the first, by which later statements are measured too
	decided   bool     // removals, leavings, revocations or rotations are applied: this is the second pass
	cuts      map[identity.TeamID][]cut
	limited   map[[64]byte]struct{}           // signers of whom keys say where they end, as judged so
	awaited   map[record.StatementID]struct{} // what their ends name and is not here
}

// label is what a statement calls a team. Of several that with the least ID is used.
type label struct {
	name string
	from record.StatementID
}

// mark is what became of a statement.
type mark struct {
	after facts // what its past and it hold
	by    identity.TeamID
	why   Why
}

// party is what concerns one team.
type party struct {
	founder   *application         // its standing as founder, or nil
	spells    []record.StatementID // the applications by which it ever was in, in the order of judging; zero: as founder
	proposals []record.StatementID // to remove it, that can remove
	leaves    []leaving
	sponsors  []identity.TeamID     // that answer for it
	children  list[identity.TeamID] // for whom it answers
	below     int                   // how many are below it in the tree of sponsors
}

// leaving ends one spell of membership.
type leaving struct {
	spell record.StatementID
	bit   int
	node  int32
}

// application is one that counts, or a founder's standing, which is as old as the charter.
type application struct {
	team       identity.TeamID
	founder    bool
	parent     string // what tells its parent organisation from others
	before     facts
	admits     []ballot
	objections []ballot
	sponsors   []identity.TeamID // whose sponsorings count
	admitted   bool
	refused    bool  // for want of a budget
	decider    *node // the admission that decided
	charged    []identity.TeamID
}

// proposal is one to remove a team.
type proposal struct {
	team   identity.TeamID
	before facts
	votes  []ballot
	fix    *fix // set if it comes to pass
}

// fix is what the first pass found of a proposal that comes to pass. It is immutable.
type fix struct {
	counted map[identity.TeamID]struct{} // whose votes counted
	stand   map[identity.TeamID]struct{} // whose were not cut off
}

// ballot is one member's word, of several the first in the order of judging.
type ballot struct {
	by       identity.TeamID
	bit      int
	node     int32
	sponsors []identity.TeamID // named by an admission
}

func find(ballots []ballot, by identity.TeamID) int {
	for i := range ballots {
		if ballots[i].by == by {
			return i
		}
	}
	return -1
}

// count returns how many of the ballots lie in a past.
func count(ballots []ballot, past facts) (n int) {
	for i := range ballots {
		if past.has(ballots[i].bit) {
			n++
		}
	}
	return n
}

// cut is a removal or a leaving of a team, and which of the team's statements lie in its past.
type cut struct {
	proposal record.StatementID // zero: a leaving
	spell    record.StatementID // that a leaving ends
	in       map[int32]struct{}
}

// Why says why a statement about a community does not count.
type Why string

// The reasons. The empty one means that it counts.
const (
	Counts         Why = ""
	WhyWaits       Why = "waits"       // for statements that it refers to
	WhySigners     Why = "signers"     // other than one team signed it
	WhyKey         Why = "key"         // its key was revoked or its root replaced, and they do not reach it
	WhyStranger    Why = "stranger"    // its author is no member in its past
	WhyMember      Why = "member"      // an application by a member
	WhyCut         Why = "cut"         // its author was removed or left, and that does not reach it
	WhyApplication Why = "application" // it names no application that counts
	WhyProposal    Why = "proposal"    // it names no proposal that counts, or one about another team
	WhyOwn         Why = "own"         // it speaks for or against its own author
	WhySponsors    Why = "sponsors"    // other than as many counting sponsorings as the charter asks, by members of different parents
	WhyOpposed     Why = "opposed"     // as many objections as keep a team out are in its past
	WhyBudget      Why = "budget"      // somebody above the team answers for too many
	WhyOutvoted    Why = "outvoted"    // its author was removed by more votes
	WhyRule        Why = "rule"        // the charter's rule has no use for it
)
