package main

import (
	"errors"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// flagWords are the words that a flag takes, from the vocabulary itself; none where any text will do.
func flagWords(flag string) []string {
	words, ok := map[string]func() []string{
		"tlp":       parsed(notice.ParseTLP),
		"pap":       parsed(notice.ParsePAP),
		"status":    parsed(notice.ParseStatus),
		"severity":  parsed(notice.ParseSeverity),
		"urgency":   parsed(notice.ParseUrgency),
		"certainty": parsed(notice.ParseCertainty),
		"action":    parsed(notice.ParseAction),
		"priority":  parsed(notice.ParsePriority),
		"reason":    parsed(notice.ParseReason),
		"opinion":   parsed(notice.ParseOpinion),
		"purpose":   parsed(notice.ParsePurpose),
		"lift":      parsed(notice.ParsePurpose),
		"for":       api.ExportAudiences,
		"template":  templateNames,
		"rule":      func() []string { return ruleWordsOf(flag) },
		"history":   func() []string { return ruleWordsOf(flag) },
		"parking":   func() []string { return ruleWordsOf(flag) },
	}[flag]
	if !ok {
		return nil
	}
	return words()
}

// parsed is vocabulary, to be asked when it is wanted.
func parsed[W any](parse func(string) (W, error)) func() []string {
	return func() []string { return vocabulary(parse) }
}

// argumentWords are the words that may stand for an argument, by what the help calls it.
func argumentWords(name string) []string {
	switch name {
	case "STATE":
		// As the help of reply spells them: what people type, which parses to the words of the vocabulary.
		return []string{"ack", "accept", "decline", "need-info", "progress", "done"}
	case "SHELL":
		return []string{"bash", "zsh", "fish"}
	}
	return nil
}

// vocabulary asks a parser for its words, by a text that is none: it refuses it with all that it takes.
func vocabulary[W any](parse func(string) (W, error)) []string {
	_, err := parse("")
	refused, ok := errors.AsType[*notice.WordError](err)
	if !ok {
		return nil
	}
	words := make([]string, 0, len(refused.Allowed))
	for _, w := range refused.Allowed {
		words = append(words, strings.ToLower(strings.TrimPrefix(strings.TrimPrefix(w, "TLP:"), "PAP:")))
	}
	return words
}
