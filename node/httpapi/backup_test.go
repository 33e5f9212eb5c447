package httpapi_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"

	"tocsin/pkg/api"
	"tocsin/pkg/backup"
	"tocsin/pkg/replica"
)

// storing is a Service with a store of count values, which fails after them with err.
type storing struct {
	fake
	count int
	err   error
}

func (s *storing) Backup(_ context.Context, fn func(key, value []byte) error) error {
	for i := range s.count {
		if err := fn([]byte{byte(i)}, bytes.Repeat([]byte{byte(i)}, 100_000)); err != nil {
			return err
		}
	}
	return s.err
}

func TestABackupThatBreaksOffIsNotTakenForTheWhole(t *testing.T) {
	damaged := errors.New("a block is damaged")
	for name, c := range map[string]struct {
		svc  storing
		code api.Code // of a refusal before anything was sent
		cut  bool
	}{
		"whole":                      {svc: storing{count: 12}},
		"empty":                      {},
		"a store that is closed":     {svc: storing{err: replica.ErrClosed}, code: api.Unavailable},
		"a store that fails halfway": {svc: storing{count: 12, err: damaged}, cut: true},
	} {
		t.Run(name, func(t *testing.T) {
			stream, err := start(t, &c.svc, nil).client.Backup(t.Context())
			if p, ok := errors.AsType[*api.Problem](err); ok != (c.code != "") || ok && p.Code != c.code {
				t.Fatalf("got %v", err)
			}
			if err != nil {
				return
			}
			defer stream.Close()
			got := 0
			err = backup.ReadPairs(stream, func(key, value []byte) error {
				if len(key) != 1 || len(value) != 100_000 || value[0] != byte(got) {
					t.Errorf("pair %d is not what was stored", got)
				}
				got++
				return nil
			})
			if (err != nil) != c.cut || err == nil && got != c.svc.count {
				t.Errorf("%d pairs, %v", got, err)
			}
			if c.cut && errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Errorf("cut off, and it says %v", err)
			}
		})
	}
}

// TestAReaderThatLeavesABackupIsNoError: whoever reads a part of a backup and goes away is told of in the log, and not as a failure; a
// store that fails is one.
func TestAReaderThatLeavesABackupIsNoError(t *testing.T) {
	for level, svc := range map[string]storing{"INFO": {count: 10_000}, "ERROR": {count: 12, err: errors.New("a block is damaged")}} {
		var log bytes.Buffer
		r := startLogging(t, &svc, nil, slog.NewTextHandler(&log, nil))
		stream, err := r.client.Backup(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(stream, make([]byte, 100)); err != nil {
			t.Fatal(err)
		}
		if level == "ERROR" {
			_, _ = io.Copy(io.Discard, stream)
		}
		_ = stream.Close()
		if err := r.stop(); err != nil { // when it has returned, all is logged
			t.Fatal(err)
		}
		if !strings.Contains(log.String(), "level="+level) || strings.Count(log.String(), "level=") != 1 {
			t.Errorf("%s: %s", level, log.String())
		}
	}
}
