package notice

// check of a marking is the one place where a missing TLP is refused, on sending and on reading.
func (m *Marking) check(f *findings) {
	if !m.TLP.Known() {
		e := tlps().unknown(string(m.TLP))
		f.add("marking.tlp", e.problem(), e.hint())
	}
	paps().optional(f, "marking.pap", m.PAP)
	f.count("marking.purpose", len(m.Purpose), MaxPurposes)
	for i, p := range m.Purpose[:min(len(m.Purpose), MaxPurposes)] {
		purposes().check(f, at("marking.purpose", i), p)
	}
	f.count("marking.persons", len(m.Persons), MaxPersons)
	for i, p := range m.Persons[:min(len(m.Persons), MaxPersons)] {
		f.line(at("marking.persons", i), p, MaxName)
	}
	if f.strict && len(m.Persons) > 0 && m.TLP != TLPRed {
		f.add("marking.persons", "goes with TLP:RED only", "what is less strict is for the recipient's whole team")
	}
}

func (c Classification) check(f *findings) {
	if !f.strict || c.IsZero() || c.Known() {
		return
	}
	_, err := ParseClassification(c.String())
	if e, ok := err.(*WordError); ok { //nolint:errorlint // ParseClassification returns it bare
		f.add("classification", e.problem(), e.hint())
	}
}

func checkTexts(f *findings, texts []Text, required bool) {
	if required && len(texts) == 0 {
		f.add("texts", "is missing", "one block per language, at least one")
	}
	f.count("texts", len(texts), MaxTexts)
	seen := make(map[string]bool, len(texts))
	for i, t := range texts {
		field := at("texts", i)
		t.check(f, field)
		if f.strict && seen[t.Language] {
			f.add(field+".language", quote(t.Language)+" has a block already", "")
		}
		seen[t.Language] = true
	}
}

func (t Text) check(f *findings, field string) {
	f.size(field+".language", t.Language, maxWord)
	f.line(field+".title", t.Title, MaxTitle)
	f.prose(field+".summary", t.Summary, MaxSummary)
	f.size(field+".format", t.Format, maxMediaType)
	f.prose(field+".instruction", t.Instruction, MaxInstruction)
	if !f.strict {
		return
	}
	if t.Title == "" {
		f.add(field+".title", "is missing", "one line that says what this is about")
	}
	if !wellFormedLanguage(t.Language) {
		problem := quote(t.Language) + " is not a language tag"
		if t.Language == "" {
			problem = "is missing"
		}
		f.add(field+".language", problem, "BCP 47, such as en, fr or pt-BR")
	}
	if t.Format != "" && t.Format != "text/markdown" {
		f.add(field+".format", quote(t.Format)+" is not allowed", "text/plain or text/markdown")
	}
}

func (a *Affected) check(f *findings) { a.checkAt(f, "affected") }

// checkAt checks the lists, which stand in the named member.
func (a *Affected) checkAt(f *findings, name string) {
	f.count(name+".prefixes", len(a.Prefixes), MaxAffected)
	for i, p := range a.Prefixes {
		field := at(name+".prefixes", i)
		switch {
		case !p.IsValid():
			f.add(field, "is not a prefix", "such as 192.0.2.0/24 or 2001:db8::/32")
		case f.strict && p.Bits() == 0:
			f.add(field, p.String()+" covers the whole internet", "leave it out")
		}
	}
	f.count(name+".asns", len(a.ASNs), MaxAffected)
	for i, n := range a.ASNs {
		if f.strict && (n == 0 || n == 1<<32-1) {
			f.addf(at(name+".asns", i), "%d is not the number of an autonomous system", n)
		}
	}
	eachLine(f, name+".domains", a.Domains, domainProblem)
	eachLine(f, name+".countries", a.Countries, func(c string) (problem, hint string) {
		if assigned(c) {
			return "", ""
		}
		return quote(c) + " is not a country code", countryHint(c)
	})
	eachLine(f, name+".sectors", a.Sectors, func(s string) (problem, hint string) {
		if wellFormed(s) {
			return "", ""
		}
		return quote(s) + " is not a word", "lower-case letters and hyphens, such as finance"
	})
}

// eachLine bounds a list of short texts and, if strict, asks for the problem of each.
func eachLine(f *findings, field string, list []string, problemOf func(string) (problem, hint string)) {
	f.count(field, len(list), MaxAffected)
	for i, s := range list {
		f.size(at(field, i), s, MaxLine)
		if !f.strict {
			continue
		}
		if problem, hint := problemOf(s); problem != "" {
			f.add(at(field, i), problem, hint)
		}
	}
}

func checkReferences(f *findings, refs []Reference) {
	f.count("references", len(refs), MaxReferences)
	for i, r := range refs {
		field := at("references", i)
		f.size(field+".type", r.Type, maxWord)
		f.line(field+".value", r.Value, MaxURL)
		if !f.strict {
			continue
		}
		switch r.Type {
		case ReferenceCVE:
			if !isCVE(r.Value) {
				f.add(field+".value", quote(r.Value)+" is not a CVE number", "such as CVE-2024-1234")
			}
		case ReferenceURL:
			if !isURL(r.Value) {
				f.add(field+".value", quote(r.Value)+" is not an absolute URL", "http or https, without user name, percent-encoded")
			}
		case ReferenceAdvisory:
			if r.Value == "" {
				f.add(field+".value", "is missing", "the advisory's own ID")
			}
		default:
			f.add(field+".type", quote(r.Type)+" is not a type of reference", "one of cve, url, advisory")
		}
	}
}

func checkAttachments(f *findings, files []Attachment) {
	f.count("attachments", len(files), MaxAttachments)
	seen := make(map[string]bool, len(files))
	for i, a := range files {
		field := at("attachments", i)
		f.line(field+".name", a.Name, MaxLine)
		f.size(field+".media_type", a.MediaType, maxMediaType)
		if !f.strict {
			continue
		}
		switch {
		case !plainFileName(a.Name):
			f.add(field+".name", quote(a.Name)+" is not a file name", "without directories")
		case seen[a.Name]:
			f.add(field+".name", quote(a.Name)+" is attached already", "")
		}
		seen[a.Name] = true
		if !isMediaType(a.MediaType) {
			f.add(field+".media_type", quote(a.MediaType)+" is not a media type", "such as application/csaf+json")
		}
		if len(a.Data) == 0 {
			f.add(field+".data", "is empty", "")
		}
	}
}
