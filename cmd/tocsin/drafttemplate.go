package main

import (
	"fmt"
	"strings"

	"tocsin/pkg/notice"
)

// The templates are the manual of the draft format. Words come from the vocabularies, so that they are never out of date.

// alertTemplate is a draft of an alert to fill in. As it stands it is refused, naming what is missing.
func alertTemplate() string {
	return `# A draft of an alert. Fill in, then: tocsin alert send THIS-FILE
# What begins with # is a comment; fields that are commented out are optional.

# Where it goes: the name or ID of a community (tocsin community list).
community = ""

# Who may see it. There is no default, so that nothing is sent unmarked.
` + choices(notice.TLPs()) + `tlp = ""

` + optionalMarking() + `# ` + optional("severity", notice.Severities()) + `# ` + optional("urgency", notice.Urgencies()) + `# ` + optional("certainty", notice.Certainties()) + `
# What kind of incident (RSIT version 1003), as class/type:
` + classifications() + `# classification = ""

# When it was seen, and until when it holds: an instant with its zone, or a span from now.
# observed = ` + exampleInstant + `
# valid_until = "7d"

` + optionalReferences() + `# From a CSAF advisory (JSON), title, summary and references are taken where this draft leaves them empty; never its TLP.

` + affectedTemplate + `
` + textTemplate
}

// requestTemplate is a draft of a request to fill in.
func requestTemplate() string {
	return `# A draft of a cooperation request. Fill in, then: tocsin request send THIS-FILE
# What begins with # is a comment; fields that are commented out are optional.

# Where it goes. In a community every member sees it and its answers; privately only you and each team do.
# TLP:RED is always private.
community = ""
# private = true

# Which teams are asked, by name or ID. In a community, without this, everybody is asked and nobody is counted as silent.
# to = [""]

# With TLP:RED, for which persons there it is. Without this it is for their RED desk.
# persons = [""]

# What is asked for:
` + choices(notice.Actions()) + `action = ""

# By when a human answer is asked: a span from now, or an instant with its zone. No sooner than
# at the community's floor (private: 1 h) does an answer count as late.
reply_by = "48h"

# Who may see it. There is no default, so that nothing is sent unmarked.
` + choices(notice.TLPs()) + `tlp = ""

` + optionalMarking() + `# ` + optional("priority", notice.Priorities()) + `
# A name that the requests of one case share. Without it a new one is made.
# case = ""

# On what legal ground you ask, where that matters to the other side.
# legal_basis = ""

` + optionalReferences() + `
` + affectedTemplate + `
` + textTemplate
}

const exampleInstant = "2026-03-01T12:00:00Z"

const affectedTemplate = `# What it is about, so that it finds its readers.
# [affected]
# prefixes = ["192.0.2.0/24"]
# asns = [64500]
# domains = ["example.org"]
# countries = ["XK"]
# sectors = ["finance"]
`

const textTemplate = `# The message: one block for each language, your own first.
[[text]]
language = "en"
title = ""
summary = """
"""
# format = "text/markdown"
# instruction = "What the reader should do."

# [[text]]
# language = "fr"
# title = ""
`

func optionalMarking() string {
	var limits strings.Builder
	for _, p := range notice.Purposes() {
		fmt.Fprintf(&limits, "#   %-21s %s\n", p, p.Contract())
	}
	return "# " + optional("pap", notice.PAPs()) +
		"# Limits on what it may be used for:\n" + limits.String() + `# purpose = ["defence-only"]
# ` + optional("status", notice.Statuses()) + `# class = "routine"   # how it is queued: routine, urgent, emergency
`
}

func optionalReferences() string {
	return `# References, your own ticket number and the other side's.
# cve = ["CVE-2026-0001"]
# url = ["https://example.org/advisory"]
# advisory = ["EX-2026-01"]
# our_ref = ""
# your_ref = ""

# Files beside this one, sent as they are. The kind of most is recognised; "FILE:media/type" names it.
# attach = ["advisory.json", "samples.bin:application/octet-stream"]
`
}

func optional[W ~string](key string, words []W) string {
	return fmt.Sprintf("%s = \"\"   # %s\n", key, joinWords(words))
}

func choices[W ~string](words []W) string { return "#   " + joinWords(words) + "\n" }

func joinWords[W ~string](words []W) string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = string(w)
	}
	return strings.Join(list, ", ")
}

func classifications() string {
	var b strings.Builder
	for _, class := range notice.Classifications() {
		for _, t := range class.Types {
			fmt.Fprintf(&b, "#   %s/%s\n", class.Name, t.Name)
		}
	}
	return b.String()
}
