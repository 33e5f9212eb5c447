package api

import (
	"tocsin/pkg/notice"
)

// Template is a set of charter options under a name. It names a kind of community, never a community: nothing
// ships under a real one's name.
type Template struct {
	Name string `json:"name"`
	For  string `json:"for"` // what kind of community, in a line
	// Admission and the rest hold where the one who founds says nothing else.
	Admission     notice.Admission `json:"admission"`
	History       notice.History   `json:"history"`
	Parking       notice.Parking   `json:"parking"`
	RetentionDays int              `json:"retention_days"`
	ReplyByFloor  int              `json:"reply_by_floor_seconds"`
	LifeDays      int              `json:"life_days,omitzero"` // absent: it stays
}

// The lengths of the table below, in seconds.
const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour
)

// Templates is the one table of rule templates.
func Templates() []Template {
	return []Template{
		{
			Name: "regional", For: "national and other teams of a region, for good; two sponsors and three weeks, as FIRST and Trusted Introducer ask",
			Admission: sponsored(notice.Admission{Sponsors: 2, Witnesses: 1, Window: 21 * day, Objections: 1, Removal: 3, Budget: 20}),
			History:   notice.HistoryAll, Parking: notice.ParkingMembers, RetentionDays: 400, ReplyByFloor: hour,
		},
		{
			Name: "sector", For: "teams of one sector, for good; a newcomer reads nothing sealed before it came",
			Admission: sponsored(notice.Admission{Sponsors: 2, Witnesses: 2, Window: 14 * day, Objections: 1, Removal: 3, Budget: 10}),
			History:   notice.HistoryAdmission, Parking: notice.ParkingMembers, RetentionDays: 400, ReplyByFloor: hour,
		},
		{
			Name: "case", For: "teams that work on one case, for 90 days; one sponsor and an hour",
			Admission: sponsored(notice.Admission{Sponsors: 1, Witnesses: 1, Window: hour, Objections: 1, Removal: 2, Budget: 5}),
			History:   notice.HistoryAll, Parking: notice.ParkingMembers, RetentionDays: 180, ReplyByFloor: 15 * minute, LifeDays: 90,
		},
		{
			Name: "drill", For: "an exercise of 14 days; two sponsors and two minutes",
			Admission: sponsored(notice.Admission{Sponsors: 2, Witnesses: 1, Window: 2 * minute, Objections: 1, Removal: 2, Budget: 20}),
			History:   notice.HistoryAll, Parking: notice.ParkingNone, RetentionDays: 30, ReplyByFloor: minute, LifeDays: 14,
		},
	}
}

func sponsored(a notice.Admission) notice.Admission {
	a.Rule = notice.RuleSponsors
	return a
}
