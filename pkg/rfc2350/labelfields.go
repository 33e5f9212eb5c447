package rfc2350

import (
	"net/netip"
	"strconv"
	"strings"

	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
)

// labels takes the labelled values of a section.
func (r *reader) labels(all []labelled) {
	for _, l := range all {
		if l.value != "" && !r.label(l) {
			r.miss(l.n, "the value of "+l.name+" was not understood", l.value)
		}
	}
}

// label takes one value, and reports whether it could.
func (r *reader) label(l labelled) bool {
	p, value := r.Profile, oneLine(l.value)
	switch l.name {
	case labelLanguage:
		p.Language = value
	case labelName:
		p.Name = r.cut(l.n, value, notice.MaxName)
	case labelShort:
		p.ShortName = r.cut(l.n, value, notice.MaxName)
	case labelParent:
		p.Parent = r.cut(l.n, value, notice.MaxName)
	case labelFingerprint:
		p.OpenPGP = &notice.OpenPGP{Fingerprint: value}
	case labelLanguages:
		p.Contact.Languages = words(value)
	case labelConduct:
		r.conduct(l)
	case labelZone, labelAlways, labelHours, labelHoliday, labelOutOfHours:
		return r.available(l, value)
	case labelPrefixes, labelASNs, labelDomains, labelCountries, labelSectors:
		return r.resources(l.name, words(value))
	case labelRole, labelScope, labelEndorser, labelGround:
		return r.role(l, value)
	default:
		return r.duty(l, value)
	}
	return true
}

func words(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ';' || r == ' ' })
}

func (r *reader) available(l labelled, value string) bool {
	a := &r.Profile.Availability
	switch l.name {
	case labelZone:
		a.TimeZone = value
	case labelAlways:
		a.AroundTheClock = strings.EqualFold(value, yes)
		return a.AroundTheClock || strings.EqualFold(value, "no")
	case labelOutOfHours:
		a.OutOfHours = r.cut(l.n, l.value, notice.MaxStatementNote)
	case labelHours:
		fields := words(value)
		if len(fields) == 0 || len(a.Hours) == notice.MaxHours {
			return false
		}
		from, to, ok := strings.Cut(fields[len(fields)-1], "-")
		if ok {
			a.Hours = append(a.Hours, notice.Hours{Days: fields[:len(fields)-1], From: from, To: to})
		}
		return ok
	case labelHoliday:
		if len(a.Holidays) == notice.MaxHolidays {
			return false
		}
		days, name, _ := strings.Cut(value, ":")
		from, to, _ := strings.Cut(days, " to ")
		a.Holidays = append(a.Holidays, notice.Holiday{From: from, To: to, Name: name})
	}
	return true
}

// resources takes the words that can be read, and reports whether all could.
func (r *reader) resources(name string, words []string) (all bool) {
	c := &r.Profile.Constituency
	all = len(words) <= notice.MaxAffected
	for _, w := range words[:min(len(words), notice.MaxAffected)] {
		switch name {
		case labelPrefixes:
			prefix, err := netip.ParsePrefix(w)
			if err != nil {
				all = false
				continue
			}
			c.Prefixes = append(c.Prefixes, prefix)
		case labelASNs:
			n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToUpper(w), "AS"), 10, 32)
			if err != nil {
				all = false
				continue
			}
			c.ASNs = append(c.ASNs, uint32(n))
		case labelDomains:
			c.Domains = append(c.Domains, w)
		case labelCountries:
			c.Countries = append(c.Countries, w)
		case labelSectors:
			c.Sectors = append(c.Sectors, w)
		}
	}
	return all
}

func (r *reader) role(l labelled, value string) bool {
	p := r.Profile
	if l.name == labelRole {
		role, err := notice.ParseRole(value)
		if err != nil || len(p.Roles) == notice.MaxRoles {
			return false
		}
		p.Roles = append(p.Roles, notice.RoleClaim{Role: role})
		return true
	}
	if len(p.Roles) == 0 {
		return false
	}
	switch c := &p.Roles[len(p.Roles)-1]; l.name {
	case labelScope:
		c.Scope = r.cut(l.n, value, notice.MaxLine)
	case labelGround:
		c.Text = r.cut(l.n, l.value, notice.MaxStatementNote)
	case labelEndorser:
		if len(c.Endorsers) == notice.MaxEndorsers {
			return false
		}
		e := notice.Endorser{Name: value}
		if i := strings.LastIndex(value, teamMark); i > 0 {
			if team, err := identity.ParseTeam(value[i+len(teamMark):]); err == nil {
				e = notice.Endorser{Name: value[:i], Team: team}
			}
		}
		e.Name = r.cut(l.n, e.Name, notice.MaxName)
		c.Endorsers = append(c.Endorsers, e)
	}
	return true
}

func (r *reader) duty(l labelled, value string) bool {
	p := r.Profile
	if l.name == labelDuty {
		to, err := notice.ParseDutyTo(value)
		if err != nil || len(p.Disclosure) == notice.MaxDuties {
			return false
		}
		// Until its own line says less: a duty whose extent was lost must not look smaller.
		p.Disclosure = append(p.Disclosure, notice.Duty{To: to, Obligation: notice.ObligationAlways})
		return true
	}
	if len(p.Disclosure) == 0 {
		return false
	}
	d := &p.Disclosure[len(p.Disclosure)-1]
	var err error
	switch l.name {
	case labelAuthority:
		d.Name = r.cut(l.n, value, notice.MaxName)
	case labelObligation:
		var o notice.Obligation
		if o, err = notice.ParseObligation(value); err == nil {
			d.Obligation = o
		}
	case labelTells:
		d.TellsSource = strings.EqualFold(value, yes)
	case labelCases:
		d.Text = r.cut(l.n, l.value, notice.MaxStatementNote)
	}
	return err == nil
}

// conduct tells the statement that Write writes from the team's own words.
func (r *reader) conduct(l labelled) {
	c := &r.Profile.Conduct
	rest := l.value
	for word := range strings.FieldsSeq(notice.ConductStatement) {
		after, ok := strings.CutPrefix(strings.TrimLeft(rest, " \n"), word)
		if !ok {
			c.Text = r.cut(l.n, l.value, notice.MaxStatementNote)
			return
		}
		rest = after
	}
	c.NoMaliciousActivity = true
	c.Text = r.cut(l.n, strings.TrimLeft(rest, " \n"), notice.MaxStatementNote)
}
