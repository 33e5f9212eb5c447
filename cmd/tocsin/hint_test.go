package main

import "testing"

// TestHere: a hint repeats --home in this node's commands, and not in those of another team or of the root key's machine.
func TestHere(t *testing.T) {
	t.Parallel()
	e := &env{Home: "a"}
	for text, want := range map[string]string{
		"see: tocsin community applications":                                       "see: tocsin --home a community applications",
		"see: tocsin alert --help":                                                 "see: tocsin alert --help",
		"renew it: tocsin key request --renew":                                     "renew it: tocsin --home a key request --renew",
		"ask its author: tocsin request permission r":                              "ask its author: tocsin --home a request permission r",
		"have it signed: tocsin key delegate":                                      "have it signed: tocsin key delegate",
		"ask the team to publish one: tocsin profile x":                            "ask the team to publish one: tocsin profile x",
		"ask a founder for it: tocsin community charter":                           "ask a founder for it: tocsin community charter",
		"ask the team to publish one, or compare: tocsin team pin":                 "ask the team to publish one, or compare: tocsin --home a team pin",
		"tocsin id; or ask CERT-B to publish a RED desk (tocsin profile edit)":     "tocsin --home a id; or ask CERT-B to publish a RED desk (tocsin profile edit)",
		"ask the team to publish one: tocsin profile publish; else: tocsin status": "ask the team to publish one: tocsin profile publish; else: tocsin --home a status",
	} {
		if got := e.here(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// TestEmptyArgument: an unset variable of a script is named for what it is, before anybody is asked.
func TestEmptyArgument(t *testing.T) {
	t.Parallel()
	for _, line := range [][]string{
		{"REQUEST", "reply", "", "ack"},
		{"STATE", "reply", "rabc", " "},
		{"ALERT", "alert", "show", ""},
		{"TEAM", "team", "show", ""},
		{"RECORD", "record", "show", ""},
		{"COMMUNITY", "community", "show", ""},
		{"FILE", "profile", "publish", ""},
	} {
		wantUsage(t, line[1:], line[0]+" is empty")
	}
}

func wantUsage(t *testing.T, args []string, message string) {
	t.Helper()
	code, _, errs := try(t, args...)
	if code != int(exitUsage) || errs == "" || errs[:len("tocsin: "+message)] != "tocsin: "+message {
		t.Errorf("%q: exit %d, %s", args, code, errs)
	}
}
