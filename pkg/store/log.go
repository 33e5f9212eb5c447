package store

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// logAdapter gives Badger's messages to slog. Badger's Info tells of each compaction, which is
// debugging to us; its Debug is dropped.
type logAdapter struct{ log *slog.Logger }

// Errorf implements badger.Logger.
func (l logAdapter) Errorf(format string, args ...any) { l.say(slog.LevelError, format, args) }

// Warningf implements badger.Logger.
func (l logAdapter) Warningf(format string, args ...any) { l.say(slog.LevelWarn, format, args) }

// Infof implements badger.Logger.
func (l logAdapter) Infof(format string, args ...any) { l.say(slog.LevelDebug, format, args) }

// Debugf implements badger.Logger.
func (logAdapter) Debugf(string, ...any) {}

func (l logAdapter) say(level slog.Level, format string, args []any) {
	ctx := context.TODO() // badger.Logger carries none, and no handler here looks for one
	if !l.log.Enabled(ctx, level) {
		return
	}
	l.log.LogAttrs(ctx, level, "badger", slog.String("text", strings.TrimSpace(fmt.Sprintf(format, args...))))
}
