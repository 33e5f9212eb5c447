package main

import (
	"errors"
	"strings"

	"tocsin/pkg/api"
	"tocsin/pkg/notice"
)

// flagWords are the words that a flag takes, from the vocabulary itself; none where any text will do.
func flagWords(flag string) []string {
	switch flag {
	case "tlp":
		return vocabulary(notice.ParseTLP)
	case "pap":
		return vocabulary(notice.ParsePAP)
	case "status":
		return vocabulary(notice.ParseStatus)
	case "severity":
		return vocabulary(notice.ParseSeverity)
	case "urgency":
		return vocabulary(notice.ParseUrgency)
	case "certainty":
		return vocabulary(notice.ParseCertainty)
	case "action":
		return vocabulary(notice.ParseAction)
	case "priority":
		return vocabulary(notice.ParsePriority)
	case "reason":
		return vocabulary(notice.ParseReason)
	case "opinion":
		return vocabulary(notice.ParseOpinion)
	case "purpose", "lift":
		return vocabulary(notice.ParsePurpose)
	case "for":
		return api.ExportAudiences()
	case "template":
		return templateNames()
	case "rule", "history", "parking":
		return ruleWordsOf(flag)
	}
	return nil
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
