package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A draft by another hand attaches what lies beside it, and no other file of the operator's.
func TestADraftAttachesOnlyWhatLiesBesideIt(t *testing.T) {
	dir := t.TempDir()
	beside := filepath.Join(dir, "drafts")
	for _, d := range []string{beside, filepath.Join(beside, "files")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	secret := filepath.Join(dir, "unlock.key")
	for _, f := range []string{secret, filepath.Join(beside, "a.txt"), filepath.Join(beside, "files", "b.txt")} {
		if err := os.WriteFile(f, []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(secret, filepath.Join(beside, "link.txt")); err != nil {
		t.Fatal(err)
	}
	e := &env{Now: time.Now}
	draft := newDrafting(e, origin{file: filepath.Join(beside, "alert.toml")})
	for path, want := range map[string]bool{
		"a.txt": true, "files/b.txt": true, secret: false, "../unlock.key": false, "link.txt": false, "none.txt": false,
	} {
		if _, err := draft.read(path); (err == nil) != want {
			t.Errorf("%s: %v", path, err)
		}
	}
	for _, o := range []origin{{}, {file: filepath.Join(beside, "alert.toml"), flags: map[string]string{"attach": "--attach"}}} {
		if _, err := newDrafting(e, o).read(secret); err != nil {
			t.Errorf("what the operator types is the operator's choice: %v", err)
		}
	}
}
