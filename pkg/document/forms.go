package document

import (
	"strings"

	"tocsin/pkg/notice"
)

// members are the names that tell the forms apart, as they are seen in one object.
type members uint32

const (
	hasInfo members = 1 << iota
	hasAttribute
	hasObject
	hasOrgc
	hasThreat
	hasReport
	hasTag
	hasMarkingRefs
	hasSpecVersion
	hasObjects
)

func memberNamed(name string) members {
	switch name {
	case "info":
		return hasInfo
	case "Attribute":
		return hasAttribute
	case "Object":
		return hasObject
	case "Orgc":
		return hasOrgc
	case "threat_level_id":
		return hasThreat
	case "EventReport":
		return hasReport
	case "Tag":
		return hasTag
	case "object_marking_refs":
		return hasMarkingRefs
	case "spec_version":
		return hasSpecVersion
	case "objects":
		return hasObjects
	}
	return 0
}

// typeDefinition is the type of a STIX marking definition.
const typeDefinition = "marking-definition"

// formOf tells what an object is by its members.
func formOf(f *frame) Kind {
	const anyOf = hasAttribute | hasOrgc | hasThreat | hasReport
	switch {
	case f.has&hasInfo != 0 && f.has&anyOf != 0, f.name == "Event" && f.has&(hasInfo|hasObject|hasTag|anyOf) != 0:
		return MISP
	case f.typ == typeDefinition, f.has&hasMarkingRefs != 0, f.typ == "bundle" && (f.has&hasObjects != 0 || strings.HasPrefix(f.id, "bundle--")),
		f.has&hasSpecVersion != 0 && strings.Contains(f.id, "--"):
		return STIX
	}
	return ""
}

// The sharing groups that CSAF 2.1 reserves.
const (
	groupNone   = "00000000-0000-0000-0000-000000000000" // nobody may have it
	groupPublic = "ffffffff-ffff-ffff-ffff-ffffffffffff"
)

// contradicted adds a label that is not known where a CSAF advisory names a sharing group that does not go with its label.
func contradicted(labels []Label, group string) []Label {
	f := Finding{Labels: labels}
	label, ok := f.Strictest()
	switch {
	case strings.EqualFold(group, groupNone):
		return add(labels, Label{Word: "sharing group: no sharing allowed", Where: "/document/distribution/sharing_group"})
	case ok && label.TLP == notice.TLPClear && !strings.EqualFold(group, groupPublic):
		return add(labels, Label{Word: "sharing group " + group, Where: "/document/distribution/sharing_group"})
	}
	return labels
}

// isLabelName reports whether a member or a column is named after TLP.
func isLabelName(name string) bool {
	const longest = 40
	if len(name) > longest || !namesTLP([]byte(name)) {
		return false
	}
	switch strings.Map(letter, name) {
	case "tlp", "tlplabel", "tlpmarking", "tlpcolor", "tlpcolour", "tlplevel", "xtlp", "trafficlightprotocol":
		return true
	}
	return false
}

// letter keeps the letters, in lower case.
func letter(r rune) rune {
	switch {
	case r >= 'A' && r <= 'Z':
		return r + 'a' - 'A'
	case r >= 'a' && r <= 'z':
		return r
	}
	return -1
}

// lists reports whether a member lists words that may stand somewhere else, such as a schema does.
func lists(name string) bool {
	switch name {
	case "enum", "const", "default", "examples", "values_list", "sane_default":
		return true
	}
	return false
}

// wellKnown returns the label of a STIX marking definition with an ID that OASIS and FIRST fixed, of TLP 1 and TLP 2. The first
// eight digits are enough: people copy the others wrong, and mean the same.
func wellKnown(id string) (notice.TLP, bool) {
	const digits = 8
	uuid, ok := strings.CutPrefix(strings.ToLower(id), typeDefinition+"--")
	if !ok || len(uuid) < digits {
		return "", false
	}
	switch uuid[:digits] {
	case "613f2e26", "94868c89":
		return notice.TLPClear, true
	case "34098fce", "bab4a63c":
		return notice.TLPGreen, true
	case "f88d31f6", "55d920b0":
		return notice.TLPAmber, true
	case "939a9414":
		return notice.TLPAmberStrict, true
	case "5e57c739", "e828b379":
		return notice.TLPRed, true
	}
	return "", false
}
