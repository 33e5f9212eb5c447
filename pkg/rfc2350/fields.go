package rfc2350

import (
	"regexp"
	"strings"
	"time"

	"tocsin/pkg/notice"
)

// structured reads the text of a section whose member is not prose.
func (r *reader) structured(number string, prose []line, text string) {
	p, first := r.Profile, firstLine(prose)
	switch number {
	case numberUpdated:
		if p.Document.Updated = date(text); p.Document.Updated.IsZero() {
			r.miss(first.n, "no date was understood", text)
		}
	case numberLocations:
		if p.Document.Locations = r.urls(prose); p.Document.Locations == nil {
			p.Document.Locations = r.list(prose)
		}
	case numberName:
		if p.Name != "" {
			r.miss(first.n, "is beside the name", text)
			return
		}
		p.Name = r.cut(first.n, first.text, notice.MaxName)
		if more := strings.TrimSpace(strings.TrimPrefix(text, first.text)); more != "" {
			r.miss(first.n, "only the first line was taken for the name", more)
		}
	case numberZone:
		zone := regexp.MustCompile(`\b(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/[A-Za-z_+/-]{2,48}`).FindString(text)
		if zone == "" && strings.TrimSpace(text) == "UTC" {
			zone = "UTC"
		}
		if p.Availability.TimeZone == "" {
			p.Availability.TimeZone = zone
		}
		if oneLine(text) != zone {
			r.miss(first.n, "is more than the name of a time zone of the IANA database, such as Africa/Nairobi", text)
		}
	case numberPhone:
		p.Contact.Telephone = r.list(prose)
	case numberFax:
		p.Contact.Facsimile = r.list(prose)
	case numberEmail:
		r.emails(prose, text)
	default:
		r.miss(first.n, "is in no field", text)
	}
}

// urls returns the addresses of web pages in lines that are no list.
func (r *reader) urls(prose []line) []string {
	if strings.HasPrefix(firstLine(prose).text, "- ") {
		return nil
	}
	var out []string
	find := regexp.MustCompile(`https?://[^\s<>"]+[^\s<>".,;)]`)
	for _, l := range prose {
		for _, u := range find.FindAllString(l.text, notice.MaxContacts) {
			if len(out) == notice.MaxContacts || len(u) > notice.MaxTitle {
				r.miss(l.n, "is one address too many, or too long", u)
				continue
			}
			out = append(out, u)
		}
	}
	return out
}

func (r *reader) emails(prose []line, text string) {
	if strings.HasPrefix(firstLine(prose).text, "- ") {
		r.Profile.Contact.Email = r.list(prose)
		return
	}
	find := regexp.MustCompile(`[^\s<>,;:"'()\[\]@]+@[^\s<>,;:"'()\[\]@]+`)
	for _, found := range find.FindAllString(text, notice.MaxContacts) {
		r.Profile.Contact.Email = append(r.Profile.Contact.Email, strings.Trim(found, "."))
	}
	if len(r.Profile.Contact.Email) == 0 {
		r.miss(firstLine(prose).n, "no mail address was understood", text)
	}
}

// fingerprint finds the one fingerprint that a text names.
func (r *reader) fingerprint(n int, text string) {
	found := map[string]bool{}
	find := regexp.MustCompile(`(?:\b|0[xX])[0-9A-Fa-f]{4}(?:[\s:]{0,2}[0-9A-Fa-f]{4}){9}\b`)
	for _, f := range find.FindAllString(text, 16) {
		p := notice.Profile{OpenPGP: &notice.OpenPGP{Fingerprint: f}}
		p.Normalise()
		found[p.OpenPGP.Fingerprint] = true
	}
	switch {
	case r.Profile.OpenPGP != nil:
	case len(found) == 1:
		for f := range found {
			r.Profile.OpenPGP = &notice.OpenPGP{Fingerprint: f}
		}
	case len(found) > 1:
		r.miss(n, "several fingerprints are named; none was taken for that of the team", "")
	}
}

// date finds the first date in a text that can be read in one way only.
func date(text string) time.Time {
	text = oneLine(text)
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC()
	}
	text = regexp.MustCompile(`(?i)\b(\d{1,2})(?:st|nd|rd|th)\b(?: of)?`).ReplaceAllString(text, "$1")
	const month = `(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*`
	for _, form := range []struct {
		find    string
		layouts []string
	}{
		{`\b\d{4}-\d{2}-\d{2}`, []string{"2006-01-02"}},
		{`\b\d{4}/\d{1,2}/\d{1,2}`, []string{"2006/1/2"}},
		{`\b\d{1,2}\.\d{1,2}\.\d{4}`, []string{"2.1.2006"}},
		{`(?i)\b\d{1,2}[ -]` + month + `,?[ -]\d{4}`, []string{"2 January 2006", "2 Jan 2006"}},
		{`(?i)\b` + month + ` \d{1,2},? \d{4}`, []string{"January 2 2006", "Jan 2 2006"}},
		{`\b\d{8}\b`, []string{"20060102"}},
	} {
		found := regexp.MustCompile(form.find).FindString(text)
		if form.layouts[0][0] != '2' || strings.Contains(form.layouts[0], "J") {
			found = strings.NewReplacer(",", "", "-", " ").Replace(found)
		}
		for _, layout := range form.layouts {
			if t, err := time.Parse(layout, found); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}
