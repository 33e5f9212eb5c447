package record

// Limits of the form. Each bounds what a stranger can make us hold or compute.
const (
	// MaxHeader bounds the payload: every member of a community keeps every header.
	MaxHeader = 4 << 10
	// MaxInlineBody is the longest body that rides in the frame, and so is gossiped to everybody.
	MaxInlineBody = 48 << 10
	// MaxBody is the longest body at all.
	MaxBody = 16 << 20
	// ChunkSize is the leaf of the digest tree and the unit of fetching.
	ChunkSize = 256 << 10
	// MaxFrame is the longest frame: header, signatures and an inline body.
	MaxFrame = frameOverhead + MaxHeader + MaxInlineBody
	// MaxKind bounds the name of a kind, and of a member that crit names.
	MaxKind = 40
	// MaxMediaType bounds a media type (RFC 6838 allows 127 characters each side; none is near).
	MaxMediaType = 127
	// MaxCrit bounds the list of members that must be understood.
	MaxCrit = 8
	// MaxStatement bounds the payload of a statement: a charter with 16 founders fits.
	MaxStatement = 24 << 10
	// MaxSigners bounds who signs one statement: the founders of a community.
	MaxSigners = 16
	// MaxHeads bounds the statement heads that a statement names.
	MaxHeads = 64
)
