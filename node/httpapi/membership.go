package httpapi

import (
	"context"

	"tocsin/pkg/api"
)

// Memberships is what the node does about communities and who belongs to them. What an act returned
// without error is on stable storage.
type Memberships interface {
	Communities(ctx context.Context) (*api.Communities, error)
	Community(ctx context.Context, id string) (*api.Community, error)
	Charter(ctx context.Context, id string) (*api.CharterFile, error)
	Found(ctx context.Context, d api.Found) (*api.Founding, error)
	SignCharter(ctx context.Context, id string, d api.SignCharter) (*api.Founding, error)
	Invite(ctx context.Context, id string, d api.InviteDraft) (*api.Invited, error)
	Join(ctx context.Context, d api.Join) (*api.Joined, error)
	Remove(ctx context.Context, id string, d api.RemoveDraft) (*api.RemovedTeam, error)
	Leave(ctx context.Context, id string, d api.LeaveDraft) (*api.Left, error)
	Prove(ctx context.Context, id string, p api.DomainProof) (*api.Community, error)

	Apply(ctx context.Context, d api.ApplyDraft) (*api.Applied, error)
	Applications(ctx context.Context, q api.ApplicationQuery) (*api.Applications, error)
	Sponsor(ctx context.Context, application string, d api.SponsorDraft) (*api.Sponsored, error)
	Object(ctx context.Context, application string, d api.ObjectDraft) (*api.Spoken, error)
	Admit(ctx context.Context, application string, d api.AdmitDraft) (*api.Spoken, error)

	Card(ctx context.Context, d api.CardDraft) (*api.Identity, error)
}

func (s *Server) membershipRoutes(svc Memberships) {
	get(s, api.PathCommunities, svc.Communities)
	show(s, api.PathCommunity, svc.Community)
	show(s, api.PathCharter, svc.Charter)
	list(s, api.PathApply, api.ParseApplicationQuery, svc.Applications)

	post(s, api.PathCommunities, svc.Found)
	post(s, api.PathJoin, svc.Join)
	post(s, api.PathApply, svc.Apply)
	post(s, api.PathCard, svc.Card)
	act(s, api.PathSign, svc.SignCharter)
	act(s, api.PathInvites, svc.Invite)
	act(s, api.PathRemove, svc.Remove)
	act(s, api.PathLeave, svc.Leave)
	act(s, api.PathProof, svc.Prove)
	act(s, api.PathSponsor, svc.Sponsor)
	act(s, api.PathObject, svc.Object)
	act(s, api.PathAdmit, svc.Admit)
}
