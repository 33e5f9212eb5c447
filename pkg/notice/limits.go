package notice

import (
	"time"

	"tocsin/pkg/record"
)

// Limits hold for the writer and for the reader alike: no release writes more, so a reader that is
// offered more refuses the notice as unreadable (the record that carried it is kept). Lengths are in
// bytes of UTF-8. Raising one is a change of docs/spec/notice.md.
const (
	// MaxBody leaves room for sealing within the record format's 16 MiB; larger files belong behind a
	// URL.
	MaxBody = record.MaxBody - 64<<10
	// MaxMarks bounds the characters { [ and , outside strings, hence the number of values, so that a
	// body made of empty objects costs no more memory than an honest one.
	MaxMarks = 1 << 16

	// MaxTitle fits a subject line of 170 characters in any script.
	MaxTitle = 512
	// MaxSummary fits the longest advisories seen as prose; more is an attachment.
	MaxSummary = 64 << 10
	// MaxInstruction bounds what a reader is told to do.
	MaxInstruction = 16 << 10
	// MaxNote bounds Result, UseOfData and LegalBasis.
	MaxNote = 16 << 10
	// MaxLine bounds one-line fields: ticket numbers, the case, file names, domain names, sectors.
	MaxLine = 256
	// MaxURL is what common software accepts as a URL.
	MaxURL = 2048
	// MaxName bounds the name of a community, and what a founder calls a team.
	MaxName = 128

	// MaxTexts is more languages than one notice has been seen in.
	MaxTexts = 32
	// MaxTo is the size of the largest community that a request may name team by team.
	MaxTo = 1024
	// MaxReplaces bounds the chain of earlier alerts that one alert ends.
	MaxReplaces = 64
	// MaxRecords bounds one receipt: a day of a busy channel.
	MaxRecords = 4096
	// MaxAffected bounds each list of affected resources; more is an attachment.
	MaxAffected = 4096
	// MaxReferences bounds references; a monthly patch bundle names a few hundred CVEs.
	MaxReferences = 1024
	// MaxAttachments bounds files; their sizes are bounded by MaxBody.
	MaxAttachments = 64
	// MaxPurposes bounds purpose limits, with room for words of later releases.
	MaxPurposes = 32
	// MaxPersons bounds the persons that TLP:RED names: as many as a RED desk can have.
	MaxPersons = 16

	// MaxFounders is the number of signers that a statement can have: all founders sign the charter.
	MaxFounders = record.MaxSigners
	// MaxLaneHeads is how many lane heads fit into one removal (record.MaxStatement).
	MaxLaneHeads = 96
	// MaxCuts bounds the lanes that a revocation names, and the node keys and lanes that a rotation names.
	MaxCuts = MaxLaneHeads
	// MaxRetentionDays is ten years, the longest a charter may ask members to keep records.
	MaxRetentionDays = 3660
	// MaxReplyByFloor is a week in seconds: a floor above it would forbid asking for anything.
	MaxReplyByFloor = 7 * 24 * 60 * 60

	// MaxStatementNote bounds what a statement tells people, so that it fits record.MaxStatement.
	MaxStatementNote = 4 << 10

	// maxWord bounds a vocabulary word, known or not.
	maxWord = 64
	// maxMediaType bounds a media type with its parameters.
	maxMediaType = 128
	// maxInteger is the largest integer that every JSON reader keeps exactly.
	maxInteger = 1<<53 - 1
)

// Defaults of a charter.
const (
	// DefaultRetentionDays keeps a year, and a month to look back on it.
	DefaultRetentionDays = 400
	// DefaultReplyByFloor is the shortest time that a community expects a human to answer in.
	DefaultReplyByFloor = time.Hour
)
