package local

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// A word in a TLP:RED request stands in nothing that its two nodes and a third one keep, log, hand out or say when they
// die, though both have it open: not in files, store, backup, export, refusal, log or crash message.
func TestARedBodyIsInNoFileLogOrCrash(t *testing.T) {
	const word, control = "kestrel-canary-9f27c1", "heron-control-31d8e0"
	c, err := Start(t.Context(), Options{Schema: Numbered("quiet", 3), Binary: binary(t), Env: []string{"TOCSIN_LOG_LEVEL=debug", "GOTRACEBACK=all"}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	from, to, other := c.Teams()[0], c.Teams()[1], c.Teams()[2]
	leaks := func(where string, b []byte) {
		t.Helper()
		if holds(b, word) {
			t.Errorf("%s holds the word", where)
		}
	}
	if _, err := from.Client().PublishAlert(t.Context(), api.AlertDraft{Community: "quiet", Alert: sample(control, 10)}); err != nil {
		t.Fatal(err)
	}

	sent, err := from.Client().PublishRequest(t.Context(), api.RequestDraft{To: []string{to.Name}, Request: notice.Request{
		Action: notice.ActionInformation, Status: notice.StatusActual, Priority: notice.PriorityNormal, ReplyBy: time.Now().Add(24 * time.Hour),
		Marking: notice.Marking{TLP: notice.TLPRed, Persons: []string{"Ada"}}, Texts: []notice.Text{{Language: "en", Title: word, Summary: word + " and more"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	id := sent.Published[0].ID.String()
	if err := c.Until(t.Context(), patience, func(ctx context.Context) error {
		got, err := to.Client().OpenRequest(ctx, id, api.OpenDraft{As: "Ada"})
		if err == nil && (got.Request == nil || got.Request.Texts[0].Title != word) {
			err = fmt.Errorf("not read yet: %s", got.Unread)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := to.Client().OpenRequest(t.Context(), id, api.OpenDraft{As: "Bob"}); err == nil {
		t.Error("it opens for another person")
	} else {
		leaks("a refusal", fmt.Append(nil, err))
	}
	if _, err := other.Client().Record(t.Context(), id); err == nil {
		t.Error("a third team has the record")
	}

	for _, team := range []*Team{from, to} {
		for _, who := range api.ExportAudiences() {
			_, err := team.Client().Export(t.Context(), id, api.ExportQuery{For: who})
			if err == nil {
				t.Errorf("%s exports it for %s", team.Name, who)
				continue
			}
			leaks("a refusal", fmt.Append(nil, err))
		}
	}
	for _, team := range c.Teams() {
		stream, err := team.Client().Backup(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(stream)
		if err = errors.Join(err, stream.Close()); err != nil || len(b) == 0 {
			t.Fatalf("%d bytes: %v", len(b), err)
		}
		leaks("the store of "+team.Name, b)
		if team == from && !holds(b, control) {
			t.Error("what is in the clear is not found either: the search proves nothing")
		}
		status, err := team.Run(t.Context(), "status", "--json")
		if err != nil {
			t.Fatal(err)
		}
		leaks("the status of "+team.Name, []byte(status.Stdout+status.Stderr))
	}

	for _, team := range []*Team{from, to} {
		if err := team.daemon.cmd.Process.Signal(syscall.SIGQUIT); err != nil {
			t.Fatal(err)
		}
		<-team.daemon.done
		if log, err := team.Log(); err != nil || bytes.Count(log, []byte("\ngoroutine ")) < 10 || !bytes.Contains(log, []byte("level=DEBUG")) {
			t.Errorf("the log of %s holds no crash at level debug: %v", team.Name, err)
		}
	}
	files := 0
	if err := filepath.WalkDir(c.Dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if files++; strings.HasPrefix(d.Name(), "core") {
			t.Errorf("the crash left %s", path)
		}
		b, err := os.ReadFile(path)
		leaks(path, b)
		return err
	}); err != nil || files < 20 {
		t.Errorf("looked into %d files: %v", files, err)
	}
}

// holds looks for a word as it is, in hexadecimal, and as it stands in base64 at each of its three offsets.
func holds(b []byte, word string) bool {
	spelt := []string{word, hex.EncodeToString([]byte(word))}
	for pad := range 3 {
		enc := base64.RawURLEncoding.EncodeToString(slices.Concat(make([]byte, pad), []byte(word)))
		spelt = append(spelt, enc[(pad*8+5)/6:len(enc)-2])
	}
	return slices.ContainsFunc(spelt, func(s string) bool { return bytes.Contains(b, []byte(s)) })
}
