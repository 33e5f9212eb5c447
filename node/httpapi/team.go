package httpapi

import (
	"context"

	"tocsin/pkg/api"
)

// Teams is what the node does about who teams are and how far it trusts that. What an act returned
// without error is on stable storage.
type Teams interface {
	Profile(ctx context.Context) (*api.ProfileView, error)
	PublishProfile(ctx context.Context, d api.ProfileDraft) (*api.ProfilePublished, error)

	Teams(ctx context.Context) (*api.Teams, error)
	Team(ctx context.Context, id string) (*api.TeamView, error)
	Pin(ctx context.Context, id string, d api.PinDraft) (*api.TeamView, error)
	Unpin(ctx context.Context, id string, d api.UnpinDraft) (*api.TeamView, error)
	Vouch(ctx context.Context, id string, d api.VouchDraft) (*api.Vouched, error)
	WithdrawVouch(ctx context.Context, id string, d api.WithdrawVouchDraft) (*api.Vouched, error)
}

func (s *Server) teamRoutes(svc Teams) {
	get(s, api.PathProfile, svc.Profile)
	get(s, api.PathTeams, svc.Teams)
	show(s, api.PathTeam, svc.Team)

	post(s, api.PathProfile, svc.PublishProfile)
	act(s, api.PathPin, svc.Pin)
	act(s, api.PathUnpin, svc.Unpin)
	act(s, api.PathVouch, svc.Vouch)
	act(s, api.PathUnvouch, svc.WithdrawVouch)
}
