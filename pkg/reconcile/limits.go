package reconcile

// Limits of a session. Each bounds what a stranger can make us hold, send or compute.
const (
	// MaxMessage is the longest message in bytes; the longest that this package writes is shorter.
	MaxMessage = 64 << 10
	// MaxRounds is how many messages each end sends at most. A session that needs more ends early and
	// is not Complete: 4096 messages of IDs are 6 million.
	MaxRounds = 4096
	// MaxFound is how many IDs Need and Have hold at most, each: 2 MiB. A session that finds more is
	// not Complete; fetch what it found, then run another.
	MaxFound = 64 << 10

	// maxDigests is how many days one page of digests holds: 40 kB, and nearly three years.
	maxDigests = 1000
	// maxDiffering is how many days one answer to a page says differ.
	maxDiffering = 1000
	// maxIDs is how many IDs one message holds: 48 kB, which leaves room for the rest of it.
	maxIDs = 1500
)
