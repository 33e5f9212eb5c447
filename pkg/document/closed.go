package document

import (
	"bytes"
	"path"
	"strings"
)

// closedKind tells whether a file is of a kind that is not looked into. It is sure where the file begins so that there is
// nothing to read; else that is only what its sender calls it, and what text is in it can be looked at.
func closedKind(name, mediaType string, data []byte) (kind Kind, sure bool) {
	if k := byMagic(data); k != "" {
		if k == Archive && (officeName(name, mediaType) || bytes.Contains(data[:min(len(data), 4096)], []byte("[Content_Types].xml")) ||
			bytes.Contains(data[:min(len(data), 128)], []byte("mimetypeapplication/vnd.oasis"))) {
			return Office, !plain(data)
		}
		if k == Office && strings.EqualFold(path.Ext(name), ".msg") {
			return Mail, true
		}
		return k, k != Mail && !plain(data)
	}
	media, _, _ := strings.Cut(strings.ToLower(mediaType), ";")
	ext := strings.ToLower(path.Ext(name))
	switch {
	case officeName(name, mediaType):
		return Office, false
	case ext == ".pdf", media == "application/pdf":
		return PDF, false
	case ext == ".eml", ext == ".mbox", ext == ".msg", media == "message/rfc822", media == "application/mbox", media == "application/vnd.ms-outlook":
		return Mail, false
	}
	switch ext {
	case ".zip", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".tar", ".cab", ".lzh", ".ace", ".iso", ".jar":
		return Archive, false
	case ".gpg", ".pgp", ".age", ".p7m":
		return Encrypted, false
	}
	return "", false
}

// plain reports whether a file begins as text does, whatever else it seems to be.
func plain(data []byte) bool {
	const enough = 512
	for _, b := range data[:min(len(data), enough)] {
		if b < ' ' && b != '\t' && b != '\n' && b != '\r' {
			return false
		}
	}
	return true
}

func byMagic(data []byte) Kind {
	for _, m := range []struct {
		magic string
		kind  Kind
	}{
		{"PK\x03\x04", Archive},
		{"PK\x05\x06", Archive},
		{"\x1f\x8b", Archive},
		{"BZh", Archive},
		{"\xfd7zXZ\x00", Archive},
		{"7z\xbc\xaf\x27\x1c", Archive},
		{"Rar!\x1a\x07", Archive},
		{"\x28\xb5\x2f\xfd", Archive},
		{"MSCF\x00", Archive},
		{"%PDF-", PDF},
		{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Office},
		{"{\\rtf", Office},
		{"-----BEGIN PGP MESSAGE-----", Encrypted},
		{"age-encryption.org/v1", Encrypted},
		{"-----BEGIN AGE ENCRYPTED FILE-----", Encrypted},
		{"Return-Path:", Mail},
		{"Received:", Mail},
		{"Delivered-To:", Mail},
		{"MIME-Version:", Mail},
	} {
		if bytes.HasPrefix(data, []byte(m.magic)) {
			return m.kind
		}
	}
	if first, _, _ := bytes.Cut(data[:min(len(data), 1024)], []byte("\n")); bytes.HasPrefix(first, []byte("From ")) && bytes.Contains(first, []byte("@")) {
		return Mail // an mbox
	}
	const tar = 257
	if len(data) > tar+5 && string(data[tar:tar+5]) == "ustar" {
		return Archive
	}
	return ""
}

func officeName(name, mediaType string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".doc", ".docx", ".docm", ".xls", ".xlsx", ".xlsm", ".ppt", ".pptx", ".odt", ".ods", ".odp", ".rtf", ".one":
		return true
	}
	media := strings.ToLower(mediaType)
	return strings.Contains(media, "officedocument") || strings.Contains(media, "opendocument") || strings.HasPrefix(media, "application/msword") ||
		strings.HasPrefix(media, "application/vnd.ms-excel") || strings.HasPrefix(media, "application/vnd.ms-powerpoint") || strings.HasPrefix(media, "application/rtf")
}
