package ledger

// Empty reports whether nothing at all is kept, so that a test can see a leak.
func (l *Ledger) Empty() bool { return len(l.facts)+len(l.threads)+len(l.teams) == 0 }
