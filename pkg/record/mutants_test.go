package record_test

import (
	"slices"
	"strings"
	"testing"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/record"
)

// mutant is a frame that must be refused, with the fault it must be refused for.
type mutant struct {
	name  string
	frame []byte
	fault record.Fault
}

// refused returns one frame or more for every fault. Unless the name says that a signature is broken,
// the payload was signed by the right node after the change: what is wrong is what it says.
func refused(t testing.TB) []mutant {
	t.Helper()
	a, b := newAuthor(t, 1, "Example CSIRT"), newAuthor(t, 2, "Other CSIRT")
	h := a.header()
	h.Seq, h.Prev = 2, record.ID{9}
	h.Expires = epoch.AddDate(0, 1, 0)
	r := a.sign(t, h, "body")
	payload, sig := string(r.Payload()), r.Signature()
	good := r.Frame()

	change := func(old, by string) string {
		t.Helper()
		if strings.Count(payload, old) < 1 {
			t.Fatalf("no %q in %s", old, payload)
		}
		return strings.Replace(payload, old, by, 1)
	}
	member := func(fault record.Fault, name, old, by string) mutant {
		return mutant{name, a.signedFrame(change(old, by), "body"), fault}
	}
	pair := func(x, y identity.TeamID) string { return `"channel":{"pair":["` + b64(x) + `","` + b64(y) + `"]}` }
	low, high := a.root.Team(), b.root.Team()
	if b64(low) > b64(high) && string(low[:]) > string(high[:]) {
		low, high = high, low
	}
	channel := `"channel":{"community":"` + b64(identity.CommunityID{1}) + `"}`
	delegation := payload[strings.Index(payload, `"delegation":`):strings.Index(payload, `,"expires"`)]
	bDelegation := string(b.delegation.Payload())
	sigText, _ := b.delegation.Signature().MarshalText()
	broken := sig
	broken[0] ^= 1
	third := newAuthor(t, 3, "Third CSIRT")
	digest := b64(record.Digest([]byte("body")))

	return []mutant{
		{"empty", nil, record.FaultTruncated},
		{"magic alone", good[:4], record.FaultTruncated},
		{"the last byte is missing", good[:len(good)-1], record.FaultTruncated},
		{"one byte more", append(slices.Clip(good), 0), record.FaultTrailing},
		{"one byte more, without a body", append(r.WithoutBody().Frame(), 0), record.FaultTrailing},
		{"another magic", frameOf("TCR2", payload, []dsse.Signature{sig}, "body"), record.FaultFrame},
		{"a statement's magic", frameOf("TCS1", payload, []dsse.Signature{sig}, "body"), record.FaultFrame},
		{"unknown body flag", append(good[:len(r.WithoutBody().Frame())-1:len(r.WithoutBody().Frame())-1], 2), record.FaultFrame},
		{"an empty body written", append(good[:len(r.WithoutBody().Frame())-1:len(r.WithoutBody().Frame())-1], 1, 0, 0, 0, 0), record.FaultFrame},
		{"payload over 4 KiB", a.signedFrame(change(`"kind"`, `"hint":"`+strings.Repeat("x", 4096)+`","kind"`), ""), record.FaultOversized},
		{"inline body over 48 KiB", a.signedFrame(payload, strings.Repeat("x", record.MaxInlineBody+1)), record.FaultOversized},
		member(record.FaultOversized, "body over 16 MiB", `"length":4`, `"length":16777217`),
		member(record.FaultOversized, "negative length", `"length":4`, `"length":-4`),

		{"payload not JSON", a.signedFrame("hello", ""), record.FaultNotJSON},
		{"payload empty", a.signedFrame("", ""), record.FaultNotJSON},
		{"payload cut off", a.signedFrame(payload[:len(payload)-1], ""), record.FaultNotJSON},
		member(record.FaultDuplicate, "a member twice", `"class"`, `"class":"urgent","class"`),
		member(record.FaultDepth, "nested too deep", `"class"`, `"c":`+strings.Repeat("[", 16)+strings.Repeat("]", 16)+`,"class"`),
		member(record.FaultNotCanonical, "a blank", `,"class"`, `, "class"`),
		member(record.FaultNotCanonical, "members not in order", `"class"`, `"z":1,"class"`),
		member(record.FaultNotCanonical, "a fraction", `"seq":2`, `"seq":2.0`),
		member(record.FaultNotCanonical, "a number of 2^53", `"seq":2`, `"seq":9007199254740992`),
		member(record.FaultNotCanonical, "a null", `"kind":"alert"`, `"kind":null`),
		member(record.FaultVersion, "version 2", `"suite":"ed25519","v":1`, `"suite":"ed25519","v":2`),
		{"version 2 with a body of another shape", a.signedFrame(`{"body":"x","v":2}`, ""), record.FaultVersion},
		member(record.FaultSuite, "unknown suite", `"suite":"ed25519","v"`, `"suite":"ml-dsa-65","v"`),

		member(record.FaultMember, "no kind", `"kind":"alert",`, ``),
		member(record.FaultMember, "kind in upper case", `"kind":"alert"`, `"kind":"Alert"`),
		member(record.FaultMember, "kind too long", `"kind":"alert"`, `"kind":"`+strings.Repeat("a", 41)+`"`),
		member(record.FaultMember, "kind a number", `"kind":"alert"`, `"kind":1`),
		member(record.FaultMember, "unknown class", `"class":"routine"`, `"class":"lazy"`),
		member(record.FaultMember, "created without milliseconds", `"created":"2026-11-21T12:00:00.000Z"`, `"created":"2026-11-21T12:00:00Z"`),
		member(record.FaultMember, "expires when created", `"expires":"2026-12-21`, `"expires":"2026-11-21`),
		member(record.FaultMember, "seq 0", `"seq":2`, `"seq":0`),
		member(record.FaultMember, "seq negative", `"seq":2`, `"seq":-2`),
		member(record.FaultMember, "seq 1 with a record before", `"seq":2`, `"seq":1`),
		member(record.FaultMember, "seq 2 without a record before", `"prev":"`+b64(record.ID{9})+`",`, ``),
		member(record.FaultMember, "prev all zeros", `"prev":"`+b64(record.ID{9})+`"`, `"prev":"`+b64(record.ID{})+`"`),
		member(record.FaultMember, "no run", `"run":"AgAAAAAAAAAAAAAAAAAAAA",`, ``),
		member(record.FaultMember, "run too short", `"run":"AgAAAAAAAAAAAAAAAAAAAA"`, `"run":"AgAAAAAAAAAAAAAAAAAA"`),
		member(record.FaultMember, "no channel", channel+`,`, ``),
		member(record.FaultMember, "channel empty", channel, `"channel":{}`),
		member(record.FaultMember, "channel all zeros", channel, `"channel":{"community":"`+b64([32]byte{})+`"}`),
		member(record.FaultMember, "community and pair", channel, channel[:len(channel)-1]+`,"pair":[]}`),
		member(record.FaultMember, "pair of one", channel, `"channel":{"pair":["`+b64(low)+`"]}`),
		member(record.FaultMember, "pair of three", channel, `"channel":{"pair":["`+b64(low)+`","`+b64(high)+`","`+b64(high)+`"]}`),
		member(record.FaultMember, "pair not ascending", channel, pair(high, low)),
		member(record.FaultMember, "pair of one team twice", channel, pair(low, low)),
		member(record.FaultMember, "pair without the author", channel, ascending(pair, b.root.Team(), third.root.Team())),
		member(record.FaultMember, "no length", `,"length":4`, ``),
		member(record.FaultMember, "no media type", `,"type":"`+mediaType+`"`, ``),
		member(record.FaultMember, "media type with a parameter", mediaType, mediaType+";x=1"),
		member(record.FaultMember, "media type too long", mediaType, "a/"+strings.Repeat("b", 126)),
		member(record.FaultMember, "media type without a subtype", mediaType, "text/"),
		member(record.FaultMember, "key ID of 31 bytes", `"length"`, `"key_id":"`+b64([32]byte{1})[:42]+`","length"`),
		member(record.FaultMember, "key ID empty", `"length"`, `"key_id":"","length"`),
		member(record.FaultMember, "digest with a line break", digest, digest[:42]+`\n`),
		member(record.FaultMember, "crit empty", `"delegation"`, `"crit":[],"delegation"`),
		member(record.FaultMember, "crit names what is not there", `"delegation"`, `"crit":["case"],"delegation"`),
		member(record.FaultMember, "crit names a member of version 1", `"delegation"`, `"crit":["kind"],"delegation"`),
		member(record.FaultMember, "crit not ascending", `"delegation"`, `"crit":["crk","crj"],"crj":1,"crk":1,"delegation"`),
		member(record.FaultMember, "crit too long", `"delegation"`, `"crit":["a","b","c","d","e","f","g","h","i"],"delegation"`),
		member(record.FaultMember, "crit with a name in upper case", `"delegation"`, `"crit":["Case"],"delegation"`),
		member(record.FaultMember, "crit with an empty name", `"delegation"`, `"crit":[""],"delegation"`),

		member(record.FaultDelegation, "no delegation", delegation+`,`, ``),
		member(record.FaultDelegation, "delegation of another root's making", b64(a.root.Team()), b64(b.root.Team())),
		member(record.FaultDelegation, "delegation with a broken signature", delegation[len(delegation)-40:], strings.Repeat("A", 38)+`"}`),
		member(record.FaultDelegation, "created before the delegation", `"created":"2026-11-21T12`, `"created":"2026-11-21T10`),
		member(record.FaultDelegation, "created when the delegation ends", `"created":"2026-11-21`, `"created":"2027-11-21`),

		{"no signature", frameOf("TCR1", payload, nil, "body"), record.FaultSignatures},
		{"two signatures", frameOf("TCR1", payload, []dsse.Signature{sig, sig}, "body"), record.FaultSignatures},
		{"17 signatures", frameOf("TCR1", payload, make([]dsse.Signature, 17), "body"), record.FaultSignatures},
		{"a broken signature", frameOf("TCR1", payload, []dsse.Signature{broken}, "body"), record.FaultSignature},
		{"another payload under the signature", frameOf("TCR1", change("routine", "urgent"), []dsse.Signature{sig}, "body"), record.FaultSignature},
		{"signed by another node", b.signedFrame(payload, "body"), record.FaultSignature},
		{"signed by the root", frameOf("TCR1", payload, []dsse.Signature{a.root.Sign([]byte(payload))}, "body"), record.FaultSignature},
		{"signed as a statement", frameOf("TCR1", payload, []dsse.Signature{a.node.Sign(identity.StatementType, []byte(payload))}, "body"), record.FaultSignature},
		member(record.FaultSignature, "another team's delegation put in", delegation,
			`"delegation":{"payload":`+bDelegation+`,"signature":"`+string(sigText)+`"}`),

		{"body too short", a.signedFrame(payload, "bod"), record.FaultBodyLength},
		{"body too long", a.signedFrame(payload, "body."), record.FaultBodyLength},
		{"another body", a.signedFrame(payload, "BODY"), record.FaultBodyDigest},
		member(record.FaultBodyDigest, "no digest", `"digest":"`+digest+`",`, ``),
		member(record.FaultBodyDigest, "length 0 with another digest", `"length":4`, `"length":0`),
	}
}

func ascending(pair func(x, y identity.TeamID) string, x, y identity.TeamID) string {
	if string(x[:]) > string(y[:]) {
		x, y = y, x
	}
	return pair(x, y)
}

func b64(id [32]byte) string {
	b, _ := dsse.Hash(id).MarshalText() // cannot fail
	return string(b)
}

func TestRefusedFrames(t *testing.T) {
	reached := map[record.Fault]bool{}
	for _, m := range refused(t) {
		t.Run(m.name, func(t *testing.T) {
			var v record.Verifier
			r, err := v.Open(m.frame)
			if record.FaultOf(err) != m.fault || r != nil {
				t.Errorf("fault %q (%v), want %q", record.FaultOf(err), err, m.fault)
			}
			reached[m.fault] = true
		})
	}
	for _, f := range []record.Fault{
		record.FaultTruncated, record.FaultTrailing, record.FaultFrame, record.FaultOversized, record.FaultNotJSON,
		record.FaultDuplicate, record.FaultDepth, record.FaultNotCanonical, record.FaultVersion, record.FaultSuite,
		record.FaultMember, record.FaultDelegation, record.FaultSignatures, record.FaultSignature,
		record.FaultBodyLength, record.FaultBodyDigest,
	} {
		if !reached[f] {
			t.Errorf("no frame has the fault %q", f)
		}
	}
}
