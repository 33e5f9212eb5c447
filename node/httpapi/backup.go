package httpapi

import (
	"log/slog"
	"net/http"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/backup"
)

// backupPart is how much of a backup is written at once.
const backupPart = 256 << 10

// backup streams the store. An error in the middle cuts the connection, so that what came before is not
// taken for the whole.
func (s *Server) backup(w http.ResponseWriter, r *http.Request) {
	if _, err := parameters(r, noParameters); err != nil {
		s.fail(w, r, err)
		return
	}
	control := http.NewResponseController(w)
	var part []byte
	begun, left := false, false
	flush := func() error {
		if !begun {
			begun = true
			w.Header().Set("Content-Type", api.OctetStream)
		}
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // where it cannot be set the server's own holds
		_, err := w.Write(part)
		part, left = part[:0], err != nil
		return err //nolint:wrapcheck // logged below
	}
	err := s.opt.Service.Backup(r.Context(), func(key, value []byte) error {
		if part = backup.AppendPair(part, key, value); len(part) < backupPart {
			return nil
		}
		return flush()
	})
	if err == nil {
		err = flush()
	}
	if err != nil && !begun {
		s.fail(w, r, err)
		return
	}
	if err != nil {
		if left || r.Context().Err() != nil {
			s.opt.Logger.InfoContext(r.Context(), "the reader of a backup left before its end", slog.Any("err", err))
		} else {
			s.opt.Logger.ErrorContext(r.Context(), "a backup was cut off", slog.Any("err", err))
		}
		panic(http.ErrAbortHandler)
	}
}
