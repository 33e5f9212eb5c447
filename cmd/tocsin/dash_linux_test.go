package main

import (
	"os"
	"strings"
	"testing"
)

// TestSecretsAreNotShown: a backup, which is no text, and the sheets, two of which are the root key, go to no screen.
func TestSecretsAreNotShown(t *testing.T) {
	screen, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer screen.Close()
	for _, line := range []string{
		"backup create --passphrase-file /dev/null -o -", "id root split --root root.key --passphrase-file /dev/null -o -",
	} {
		code, _, errs := tryWith(t, func(e *env) { e.Stdout = screen }, strings.Fields(line)...)
		if code != int(exitUsage) || !strings.Contains(errs, "is not printed on a terminal") {
			t.Errorf("%s: exit %d, %s", line, code, errs)
		}
	}
}
