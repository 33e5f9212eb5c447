package main

import (
	"fmt"
	"os"
	"path/filepath"
)

// papers are the documents that the demo sends, as paths; the first advisory is the alert that is
// followed to its end.
type papers struct {
	builtIn    bool
	advisories []string
	reports    []string // MISP events, sent as the attachments of one alert

	update, cancel string // what the update and the cancel say
}

// maxPapers bounds how much of a directory is sent.
const maxPapers = 8

// gatherPapers finds the documents in dir, or chooses the advisory that comes with the demo.
func gatherPapers(dir string) (*papers, error) {
	if dir == "" {
		return &papers{
			builtIn: true, advisories: []string{"advisory.json"},
			update: "Exploited since Thursday. A fixed release is out: install 4.2.7.",
			cancel: "Taken back: the scanner that reported the gateways was ours.",
		}, nil
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("look for documents: %w", err)
	}
	p := &papers{
		update: "Update, to show one; the advisory says what holds.",
		cancel: "Cancelled, to show that; the advisory itself stands.",
	}
	if p.advisories, err = find(dir, "csaf"); err != nil {
		return nil, err
	}
	if len(p.advisories) == 0 {
		return nil, fmt.Errorf("look for documents: there is no %s", filepath.Join(dir, "csaf", "*.json"))
	}
	p.reports, err = find(dir, "misp")
	return p, err
}

func find(dir, kind string) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(dir, kind, "*.json"))
	if err != nil {
		return nil, fmt.Errorf("look for documents: %w", err)
	}
	return found[:min(len(found), maxPapers)], nil
}

// lay puts the built-in advisory where the teams' commands find it.
func (p *papers) lay(dir string) error {
	if !p.builtIn {
		return nil
	}
	if err := os.WriteFile(filepath.Join(dir, p.advisories[0]), advisory, 0o600); err != nil {
		return fmt.Errorf("write advisory: %w", err)
	}
	return nil
}
