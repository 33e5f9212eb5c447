package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"tocsin/pkg/notice"
)

// errTooBig is wrapped for a file with more than may be read.
var errTooBig = errors.New("too big")

// readLimited reads a file that may be at most limit bytes long; more is an error before it is held in memory.
func readLimited(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path) //nolint:gosec // the path is the operator's own
	if err != nil {
		return nil, err
	}
	return readAll(f, path, limit)
}

// readBeside reads a file in or below dir; no link in path leads out of it.
func readBeside(dir, path string, limit int64) ([]byte, error) {
	if !filepath.IsLocal(path) {
		return nil, fmt.Errorf("%s is not beside the draft; a file that is elsewhere is named with --attach", path)
	}
	f, err := os.OpenInRoot(dir, path)
	if err != nil {
		return nil, err
	}
	return readAll(f, path, limit)
}

func readAll(f *os.File, path string, limit int64) ([]byte, error) {
	defer f.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(text)) > limit {
		return nil, fmt.Errorf("%s is %w: at most %s", path, errTooBig, bytesOf(limit))
	}
	return text, nil
}

// attachments reads the files of the draft. Each is written as FILE or FILE:media/type.
func (d *drafting) attachments(w *draft) []notice.Attachment {
	var list []notice.Attachment
	for i, typed := range w.Attach {
		key := fmt.Sprintf("attach[%d]", i)
		path, media := splitAttachment(typed)
		if path == dash {
			d.wrong(key, "standard input has no name that an attachment could have", "name a file; type ./- for one that is itself called -")
			continue
		}
		data, err := d.read(path)
		if err != nil {
			hint := "FILE or FILE:media/type"
			if errors.Is(err, errTooBig) {
				hint = ""
			}
			d.wrong(key, plainFileError(err), hint)
			continue
		}
		if media == "" {
			media = mediaTypeOf(path, data)
		}
		if media == "" {
			d.wrong(key, fmt.Sprintf("%q is of a kind that is not recognised", path), "name its media type: "+path+":application/octet-stream")
			continue
		}
		list = append(list, notice.Attachment{Name: filepath.Base(path), MediaType: media, Data: data})
		d.files = append(d.files, key)
	}
	return list
}

// splitAttachment parts FILE from :media/type. A colon that no media type follows belongs to the file's name.
func splitAttachment(typed string) (path, media string) {
	i := strings.LastIndexByte(typed, ':')
	if i <= 0 {
		return typed, ""
	}
	kind, sub, ok := strings.Cut(typed[i+1:], "/")
	if !ok || !mediaToken(kind) || !mediaToken(strings.SplitN(sub, ";", 2)[0]) {
		return typed, ""
	}
	return typed[:i], typed[i+1:]
}

func mediaToken(s string) bool {
	return s != "" && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789!#$&-^_.+ ") == ""
}

// mediaTypeOf names the kind of a file by what is in it, where CSIRTs exchange it as JSON, else by its name.
func mediaTypeOf(path string, data []byte) string {
	switch ext := strings.ToLower(filepath.Ext(path)); ext {
	case ".json":
		return jsonMediaType(data)
	case ".txt", ".log":
		return "text/plain"
	case ".md":
		return "text/markdown"
	case ".csv":
		return "text/csv"
	case ".html":
		return "text/html"
	case ".xml":
		return "application/xml"
	case ".pdf":
		return "application/pdf"
	case ".png":
		return "image/png"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".zip":
		return "application/zip"
	case ".gz":
		return "application/gzip"
	case ".eml":
		return "message/rfc822"
	case ".pcap":
		return "application/vnd.tcpdump.pcap"
	case ".asc":
		return "application/pgp-signature"
	default:
		return ""
	}
}

// plainFileError is an error of the file system without the name of the system call.
func plainFileError(err error) string {
	text := err.Error()
	for _, call := range []string{"openat ", "open ", "read ", "stat "} {
		text = strings.TrimPrefix(text, call)
	}
	return text
}
