package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"time"

	"tocsin/pkg/api"
)

// attachmentPart is how much of an attachment is written at once.
const attachmentPart = 256 << 10

// attachment answers with the bytes of one attachment.
func (s *Server) attachment(w http.ResponseWriter, r *http.Request) {
	_, err := parameters(r, noParameters)
	at, badPlace := placeOf(r)
	if err == nil {
		err = badPlace
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	b, err := s.opt.Service.Attachment(r.Context(), r.PathValue("id"), at)
	s.bytes(w, r, b, err)
}

// openAttachment is attachment for what is TLP:RED.
func (s *Server) openAttachment(w http.ResponseWriter, r *http.Request) {
	var d api.OpenDraft
	err := decode(w, r, &d)
	at, badPlace := placeOf(r)
	if err == nil {
		err = badPlace
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	b, err := s.opt.Service.OpenAttachment(r.Context(), r.PathValue("id"), at, d)
	s.bytes(w, r, b, err)
}

func placeOf(r *http.Request) (int, error) {
	at, err := strconv.ParseUint(r.PathValue("n"), 10, 16)
	if err != nil {
		return 0, api.NewProblem(api.NotFound, "an attachment is named by its place, from 0 on", "the record's attachments are listed with it")
	}
	return int(at), nil
}

// bytes writes a stranger's file. It is of no type that anything would open.
func (s *Server) bytes(w http.ResponseWriter, r *http.Request, b []byte, err error) {
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Type", api.OctetStream)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	control := http.NewResponseController(w)
	for part := range slices.Chunk(b, attachmentPart) {
		_ = control.SetWriteDeadline(time.Now().Add(writeTimeout)) // where it cannot be set the server's own holds
		if _, err := w.Write(part); err != nil {                   // the caller is gone
			return
		}
	}
}
