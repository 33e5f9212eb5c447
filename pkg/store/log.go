package store

import (
	"fmt"
	"log/slog"
	"strings"
)

// logAdapter gives Badger's messages to slog. Badger's Info tells of each compaction, which is
// debugging to us; its Debug is dropped. Values are in none
// of them; the prefixes of a Drop are, at Debug. What failed in the background is told here and nowhere else.
type logAdapter struct {
	log    *slog.Logger
	failed func(text string) // nil: nobody wants to know
}

// Errorf implements badger.Logger.
func (l logAdapter) Errorf(format string, args ...any) {
	l.log.Error("badger", text(format, args))
	l.tell(format, args)
}

// Warningf implements badger.Logger.
func (l logAdapter) Warningf(format string, args ...any) {
	l.log.Warn("badger", text(format, args))
	l.tell(format, args)
}

func (l logAdapter) tell(format string, args []any) {
	if l.failed != nil {
		l.failed(fmt.Sprintf(format, args...))
	}
}

// Infof implements badger.Logger.
func (l logAdapter) Infof(format string, args ...any) { l.log.Debug("badger", text(format, args)) }

// Debugf implements badger.Logger.
func (logAdapter) Debugf(string, ...any) {}

func text(format string, args []any) slog.Attr {
	return slog.String("text", strings.TrimSpace(fmt.Sprintf(format, args...)))
}
