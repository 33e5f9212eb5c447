package notice

import "time"

// Deadline returns the instant by which an answer to the request is in time: reply_by, but not before
// floor has passed since the request was created. Whoever asks for an answer within a minute does not
// make its peers late. The floor is the charter's; between two teams it is DefaultReplyByFloor.
func (r *Request) Deadline(created time.Time, floor time.Duration) time.Time {
	if earliest := created.Add(floor); r.ReplyBy.Before(earliest) {
		return earliest
	}
	return r.ReplyBy
}
