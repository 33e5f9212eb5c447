package notice

import (
	"bytes"
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Normalise gives the alert its one form; see docs/spec/notice.md, section "Normal form". It changes
// spelling and order, never meaning, and calling it again changes nothing.
func (a *Alert) Normalise() {
	a.Marking.normalise()
	sortIDs(&a.Replaces)
	cleanTexts(&a.Texts)
	a.Affected.normalise()
	cleanReferences(&a.References)
	cleanAttachments(&a.Attachments)
	cleanTime(&a.Observed)
	cleanTime(&a.ValidUntil)
	cleanLine(&a.OurRef)
	cleanLine(&a.YourRef)
}

// Normalise gives the request its one form, as Alert.Normalise does.
func (r *Request) Normalise() {
	r.Marking.normalise()
	sortIDs(&r.To)
	cleanLine(&r.Case)
	cleanTime(&r.ReplyBy)
	cleanTexts(&r.Texts)
	r.Affected.normalise()
	cleanReferences(&r.References)
	cleanAttachments(&r.Attachments)
	cleanProse(&r.LegalBasis)
	r.Permission.normalise()
	cleanLine(&r.OurRef)
	cleanLine(&r.YourRef)
}

// Normalise gives the receipt its one form, as Alert.Normalise does.
func (r *Receipt) Normalise() {
	sortIDs(&r.Records)
	sortIDs(&r.Erased)
}

// Normalise gives the erasure its one form.
func (e *Erase) Normalise() { cleanLine(&e.Reason) }

func (p *Permission) normalise() {
	if p == nil {
		return
	}
	sortIDs(&p.Communities)
	sortIDs(&p.Teams)
	sortSet(&p.Lifts, cmp.Compare[Purpose])
	cleanTime(&p.Until)
}

// Normalise gives the reply its one form, as Alert.Normalise does.
func (r *Reply) Normalise() {
	r.Marking.normalise()
	cleanTexts(&r.Texts)
	cleanProse(&r.Result)
	cleanProse(&r.UseOfData)
	r.Grant.normalise()
	cleanLine(&r.OurRef)
	cleanLine(&r.YourRef)
}

// Normalise gives the close its one form, as Alert.Normalise does.
func (c *Close) Normalise() {
	c.Marking.normalise()
	cleanTexts(&c.Texts)
}

// Normalise gives the withdrawal its one form, as Alert.Normalise does.
func (w *Withdraw) Normalise() {
	w.Marking.normalise()
	cleanTexts(&w.Texts)
}

func (m *Marking) normalise() {
	sortSet(&m.Purpose, cmp.Compare[Purpose])
	cleanList(&m.Persons)
	sortSet(&m.Persons, strings.Compare)
}

func (a *Affected) normalise() {
	for i := range a.Prefixes {
		cleanPrefix(&a.Prefixes[i])
	}
	for i := range a.Domains {
		cleanDomain(&a.Domains[i])
	}
	for i, c := range a.Countries {
		a.Countries[i] = strings.ToUpper(strings.TrimSpace(c))
	}
	for i, s := range a.Sectors {
		a.Sectors[i] = strings.ToLower(strings.TrimSpace(s))
	}
	sortSet(&a.Prefixes, netip.Prefix.Compare)
	sortSet(&a.ASNs, cmp.Compare[uint32])
	sortSet(&a.Domains, strings.Compare)
	sortSet(&a.Countries, strings.Compare)
	sortSet(&a.Sectors, strings.Compare)
}

func cleanTexts(texts *[]Text) {
	for i := range *texts {
		t := &(*texts)[i]
		cleanLanguage(&t.Language)
		cleanLine(&t.Title)
		cleanProse(&t.Summary)
		cleanMediaType(&t.Format)
		if t.Format == "text/plain" {
			t.Format = ""
		}
		cleanProse(&t.Instruction)
	}
	dropEmpty(texts)
}

// cleanReferences keeps the sender's order, which is one of importance.
func cleanReferences(refs *[]Reference) {
	for i := range *refs {
		r := &(*refs)[i]
		r.Type = strings.ToLower(strings.TrimSpace(r.Type))
		cleanLine(&r.Value)
		if r.Type == ReferenceCVE {
			r.Value = strings.ToUpper(r.Value)
		}
	}
	dropEmpty(refs)
}

func cleanAttachments(files *[]Attachment) {
	for i := range *files {
		a := &(*files)[i]
		cleanLine(&a.Name)
		cleanMediaType(&a.MediaType)
		dropEmpty(&a.Data)
	}
	dropEmpty(files)
}

// cleanTime cuts a time to what the wire carries.
func cleanTime(t *time.Time) { *t = t.UTC().Truncate(time.Millisecond) }

// sortIDs makes a set of identifiers ascending and unique.
func sortIDs[ID ~[32]byte](ids *[]ID) {
	sortSet(ids, func(a, b ID) int { return bytes.Compare(a[:], b[:]) })
}

func sortSet[T comparable](set *[]T, compare func(a, b T) int) {
	slices.SortFunc(*set, compare)
	*set = slices.Compact(*set)
	dropEmpty(set)
}

// dropEmpty turns an empty list into no list, which JSON leaves out.
func dropEmpty[T any](list *[]T) {
	if len(*list) == 0 {
		*list = nil
	}
}
