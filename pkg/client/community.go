package client

import (
	"context"

	"tocsin/pkg/api"
)

// Communities lists the communities that the node knows.
func (c *Client) Communities(ctx context.Context) (*api.Communities, error) {
	return get[api.Communities](ctx, c, call{path: api.PathCommunities})
}

// Community shows one community, by name, ID or prefix.
func (c *Client) Community(ctx context.Context, id string) (*api.Community, error) {
	return get[api.Community](ctx, c, call{path: api.Path(api.PathCommunity, id)})
}

// Found founds a community, or begins its charter's way round the founders.
func (c *Client) Found(ctx context.Context, d api.Found) (*api.Founding, error) {
	return post[api.Founding](ctx, c, call{path: api.PathCommunities, body: d})
}

// SignCharter signs a charter as one of its founders, or takes in a complete one.
func (c *Client) SignCharter(ctx context.Context, id string, d api.SignCharter) (*api.Founding, error) {
	return post[api.Founding](ctx, c, call{path: api.Path(api.PathSign, id), body: d})
}

// Invite makes a team a member and returns the file by which it joins.
func (c *Client) Invite(ctx context.Context, community string, d api.InviteDraft) (*api.Invited, error) {
	return post[api.Invited](ctx, c, call{path: api.Path(api.PathInvites, community), body: d})
}

// Remove removes a team from a community.
func (c *Client) Remove(ctx context.Context, community string, d api.RemoveDraft) (*api.RemovedTeam, error) {
	return post[api.RemovedTeam](ctx, c, call{path: api.Path(api.PathRemove, community), body: d})
}

// Join takes an invite in.
func (c *Client) Join(ctx context.Context, d api.Join) (*api.Joined, error) {
	return post[api.Joined](ctx, c, call{path: api.PathJoin, body: d})
}

// Charter returns a community's charter, to be handed to whoever wants to apply.
func (c *Client) Charter(ctx context.Context, id string) (*api.CharterFile, error) {
	return get[api.CharterFile](ctx, c, call{path: api.Path(api.PathCharter, id)})
}

// Leave ends this team's membership.
func (c *Client) Leave(ctx context.Context, community string, d api.LeaveDraft) (*api.Left, error) {
	return post[api.Left](ctx, c, call{path: api.Path(api.PathLeave, community), body: d})
}

// Prove has the node remember what a look at the community's domain showed.
func (c *Client) Prove(ctx context.Context, community string, p api.DomainProof) (*api.Community, error) {
	return post[api.Community](ctx, c, call{path: api.Path(api.PathProof, community), body: p})
}

// Apply asks a community for membership.
func (c *Client) Apply(ctx context.Context, d api.ApplyDraft) (*api.Applied, error) {
	return post[api.Applied](ctx, c, call{path: api.PathApply, body: d})
}

// Applications lists applications, oldest first.
func (c *Client) Applications(ctx context.Context, q api.ApplicationQuery) (*api.Applications, error) {
	return get[api.Applications](ctx, c, call{path: api.PathApply, query: q.Query()})
}

// Sponsor supports an application, which is named by its ID or its team.
func (c *Client) Sponsor(ctx context.Context, application string, d api.SponsorDraft) (*api.Sponsored, error) {
	return post[api.Sponsored](ctx, c, call{path: api.Path(api.PathSponsor, application), body: d})
}

// Object speaks against an application.
func (c *Client) Object(ctx context.Context, application string, d api.ObjectDraft) (*api.Spoken, error) {
	return post[api.Spoken](ctx, c, call{path: api.Path(api.PathObject, application), body: d})
}

// Admit attests that an application lay open for its window unopposed.
func (c *Client) Admit(ctx context.Context, application string, d api.AdmitDraft) (*api.Spoken, error) {
	return post[api.Spoken](ctx, c, call{path: api.Path(api.PathAdmit, application), body: d})
}

// Card asks for this team's card, with a parent organisation in it.
func (c *Client) Card(ctx context.Context, d api.CardDraft) (*api.Identity, error) {
	return post[api.Identity](ctx, c, call{path: api.PathCard, body: d})
}
