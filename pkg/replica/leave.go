package replica

import (
	"tocsin/pkg/notice"
	"tocsin/pkg/policy"
	"tocsin/pkg/record"
)

// MayLeave refuses what its marking keeps here. Whatever is stricter than TLP:CLEAR is sealed on its way.
func MayLeave(m *notice.Marking, ch record.Channel) error {
	d := policy.MayLeave(policy.Exit{
		Action: policy.Send, Audience: policy.In(ch), Marking: m, Sealed: m != nil && m.TLP != notice.TLPClear,
	})
	if d.Verdict == policy.Accept {
		return nil
	}
	return &Refusal{Reason: d.Reason, Detail: d.Detail, Hint: markingHint(m, d.Reason)}
}

func markingHint(m *notice.Marking, reason policy.Reason) string {
	switch {
	case reason == policy.MarkingAbsent:
		return "say how it may be shared, e.g. TLP:CLEAR"
	case m.TLP == notice.TLPRed:
		return "send it privately to the teams that it is for"
	}
	return ""
}

// formOf asks the policy in which form a record may go to those whom its channel is for. Of a sealed body
// nobody need know the marking; the one that is written into a channel may have the strictest.
func formOf(s *slot, via policy.Action, audience policy.Audience) policy.Decision {
	e := policy.Exit{Action: via, Audience: audience, Marking: &notice.Marking{TLP: notice.TLPClear}}
	strictest := notice.TLPAmberStrict
	if s.channel.Private() {
		strictest = notice.TLPRed
	}
	switch k := s.code.kind(); {
	case k == notice.KindReceipt, k == notice.KindErase:
		e.Marking = nil
	case s.class&classSealed != 0:
		e.Sealed, e.Unread = true, via != policy.Send
		e.Marking.TLP = strictest
	case s.class&classBare != 0:
		e.Marking.TLP = strictest
	}
	return policy.MayLeave(e)
}
