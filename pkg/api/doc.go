// Package api is the local HTTP contract between a node's daemon and the programs of its operators:
// paths, request and answer types, problem codes and the exit codes that go with them. It is not a
// server (node/httpapi) nor a client (pkg/client), opens nothing and decides nothing.
// Invariant: names, codes and meanings are never changed or reused; answers only gain members. A
// reader passes over members it does not know; a request with one is refused, naming it, so that a
// misspelt limit is never taken for none. docs/api.md is the manual, and a test decodes its examples.
package api

// Paths, all under the version of the contract. A part in braces is a parameter; build a path with Path.
const (
	PathStatus   = "/v1/status"
	PathIdentity = "/v1/id"
	PathAlerts   = "/v1/alerts"
	PathRecord   = "/v1/records/{id}"
	PathExport   = "/v1/records/{id}/export"
	// PathAttachment is of one attachment of a record, by its place among them from 0 on.
	PathAttachment = "/v1/records/{id}/attachments/{n}"
	// PathOpenAttachment is the same for what is TLP:RED.
	PathOpenAttachment = "/v1/records/{id}/attachments/{n}/open"
	PathRequests       = "/v1/requests"
	PathRequest        = "/v1/requests/{id}"
	PathReplies        = "/v1/requests/{id}/replies"
	PathWithdraw       = "/v1/requests/{id}/withdraw"
	PathClose          = "/v1/requests/{id}/close"
	PathCommunities    = "/v1/communities"
	PathCommunity      = "/v1/communities/{id}"
	PathSign           = "/v1/communities/{id}/sign"
	PathInvites        = "/v1/communities/{id}/invites"
	PathRemove         = "/v1/communities/{id}/remove"
	PathCharter        = "/v1/communities/{id}/charter"
	PathLeave          = "/v1/communities/{id}/leave"
	PathProof          = "/v1/communities/{id}/proof"
	PathApply          = "/v1/applications"
	PathSponsor        = "/v1/applications/{id}/sponsor"
	PathObject         = "/v1/applications/{id}/object"
	PathAdmit          = "/v1/applications/{id}/admit"
	PathCard           = "/v1/card"
	PathJoin           = "/v1/join"
	PathKeys           = "/v1/keys"
	PathKeyHeads       = "/v1/keys/{id}/heads"
	PathLedger         = "/v1/ledger"
	PathBackup         = "/v1/backup"
	PathEvents         = "/v1/events"
)

// Media types of the bodies.
const (
	JSON        = "application/json"
	ProblemJSON = "application/problem+json"
	EventStream = "text/event-stream"
	OctetStream = "application/octet-stream"
)

// MaxRequest bounds the body of a request: the largest notice (16 MiB) with its attachments in
// base64, and room around it.
const MaxRequest = 24 << 20

// MinPrefix is how many characters of an ID at least may stand for it, where they are unique.
const MinPrefix = 8

// DefaultLimit and MaxLimit bound lists.
const (
	DefaultLimit = 100
	MaxLimit     = 1000
	// MaxPage is how many bytes of entries an answer with many of them has at most, unless the first is longer.
	MaxPage = 8 << 20
)
