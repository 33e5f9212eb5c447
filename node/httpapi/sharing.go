package httpapi

import (
	"context"
	"net/http"
	"os/user"
	"strconv"

	"tocsin/pkg/api"
)

// Sharing is what the node does about content that leaves the channel it came in, comes from outside, or is
// taken back. What an act returned without error is on stable storage.
type Sharing interface {
	Export(ctx context.Context, id string, q api.ExportQuery) (*api.Exported, error)
	RequestPermission(ctx context.Context, id string, d api.PermissionRequest) (*api.RequestsPublished, error)
	Grants(ctx context.Context, id string) (*api.Grants, error)
	Forward(ctx context.Context, id string, d api.ForwardDraft) (*api.Published, error)

	Erase(ctx context.Context, id string, d api.EraseDraft) (*api.Erasure, error)
	Erasure(ctx context.Context, id string) (*api.Erasure, error)

	Import(ctx context.Context, d api.ImportDraft) (*api.Imported, error)
	Held(ctx context.Context) (*api.HeldList, error)
	MarkHeld(ctx context.Context, id string, d api.MarkDraft) (*api.MarkedHeld, error)
	DropHeld(ctx context.Context, id string, d api.DropDraft) (*api.Held, error)
}

func (s *Server) sharingRoutes(svc Sharing) {
	s.mux.HandleFunc("GET "+api.PathExport, s.export)
	show(s, api.PathGrants, svc.Grants)
	show(s, api.PathErase, svc.Erasure)
	get(s, api.PathHeld, svc.Held)

	act(s, api.PathPermission, svc.RequestPermission)
	act(s, api.PathForward, svc.Forward)
	act(s, api.PathErase, svc.Erase)
	post(s, api.PathHeld, svc.Import)
	act(s, api.PathHeldMark, svc.MarkHeld)
	act(s, api.PathHeldDrop, svc.DropHeld)
}

// export answers with the file itself, and says in headers what to tell whoever gets it.
func (s *Server) export(w http.ResponseWriter, r *http.Request) {
	q, err := parameters(r, api.ParseExportQuery)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	out, err := s.opt.Service.Export(r.Context(), r.PathValue("id"), q)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	for _, sentence := range out.Contracts {
		w.Header().Add(api.HeaderTell, sentence)
	}
	b := out.File
	if n := len(b); n > 0 && b[n-1] == '\n' {
		b = b[:n-1]
	}
	s.write(w, http.StatusOK, api.JSON, b)
}

// CallerName names the local user who made a call, by the word of the kernel; a number where this machine has
// no name for it, and "unknown" outside of a call.
func CallerName(ctx context.Context) string {
	who, ok := ctx.Value(callerKey{}).(caller)
	if !ok || who.err != nil {
		return "unknown"
	}
	uid := strconv.FormatUint(uint64(who.uid), 10)
	if u, err := user.LookupId(uid); err == nil && u.Username != "" {
		return u.Username
	}
	return "user " + uid
}
