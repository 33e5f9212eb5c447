package replica

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tocsin/pkg/dsse"
	"tocsin/pkg/identity"
	"tocsin/pkg/notice"
	"tocsin/pkg/record"
)

// LaneHeads returns where the lanes of a team in a channel end as this node has them, for a removal to
// name: see laneHeads.
func (r *Replica) LaneHeads(ch record.Channel, team identity.TeamID) ([]notice.LaneHead, error) {
	var records []*record.Record
	tag := ch.Tag()
	err := r.writtenBy(team, func(row *indexRow) bool { return row.tag == tag }, func(_ *indexRow, rec *record.Record) {
		records = append(records, rec)
	})
	return laneHeads(records, notice.MaxLaneHeads), err
}

// writtenBy calls fn for each record here that a team wrote, under whatever root, and keep chooses.
func (r *Replica) writtenBy(team identity.TeamID, keep func(*indexRow) bool, fn func(*indexRow, *record.Record)) error {
	now := r.Roster()
	team = now.Canonical(team)
	var rows []indexRow
	err := r.opt.Store.Scan([]byte{spaceIndex}, true, func(key, _ []byte) error {
		row, err := parseIndex(key)
		if err == nil && keep(&row) && now.Canonical(row.author) == team {
			rows = append(rows, row)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read index: %w", err)
	}
	for i := range rows {
		rec, err := r.reopen(rows[i].drop, rows[i].id)
		if errors.Is(err, ErrNotFound) {
			continue // dropped since
		}
		if err != nil {
			return err
		}
		fn(&rows[i], rec)
	}
	return nil
}

// laneHeads returns the last record of each lane up to which all from the first are here, of at most as many
// lanes as a removal can name, say, those with the most records first. The team that is to be removed wrote
// them: a number far ahead must not let it go on up to there, nor a multitude of lanes keep it in.
func laneHeads(records []*record.Record, most int) []notice.LaneHead {
	lanes := map[record.Lane]map[uint64]record.ID{}
	for _, r := range records {
		places := lanes[r.Lane()]
		if places == nil {
			places = map[uint64]record.ID{}
			lanes[r.Lane()] = places
		}
		places[r.Header().Seq] = r.ID()
	}
	type end struct {
		notice.LaneHead
		records int
	}
	var ends []end
	for lane, places := range lanes {
		last := slices.Min(slices.Collect(maps.Keys(places)))
		count := 1
		for ; places[last+1] != (record.ID{}); last++ {
			count++
		}
		ends = append(ends, end{notice.LaneHead{Node: lane.Node, Run: dsse.Nonce(lane.Run), Seq: last, ID: places[last]}, count})
	}
	slices.SortFunc(ends, func(a, b end) int {
		return cmp.Or(cmp.Compare(b.records, a.records), bytes.Compare(a.ID[:], b.ID[:]))
	})
	var out []notice.LaneHead
	for _, e := range ends[:min(len(ends), most)] {
		out = append(out, e.LaneHead)
	}
	return out
}
