package console

import (
	"context"
	"errors"
	"strconv"

	"noren"
	"noren/app/points"
	"noren/web"
)

// fieldShown is what the page said that reversing an entry would change.
const fieldShown = "shown"

// reversalView is the content of the page that asks before an entry of points is reversed.
type reversalView struct {
	memberSeen
	reversal points.Reversal
	refusal  string // why the entry cannot be reversed; "": it can
	reason   string // as typed
}

// lostKey is the message about the points that a reversal leaves as they are.
func (v reversalView) lostKey() string {
	if v.reversal.Delta < 0 {
		return "points.reversal_used"
	}
	return "points.reversal_expired"
}

// reversePath is the page that reverses an entry of a member's points.
func reversePath(member, entry int64) string {
	return memberPath(member, "/points/"+number(entry)+"/reverse")
}

// askToReverse shows what reversing an entry would change, before it is done.
func (d *Console) askToReverse(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.viewReversal(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, reversalPage(p, v))
}

func (d *Console) viewReversal(ctx context.Context, p *page) (v reversalView, err error) {
	entry, err := p.id("entry")
	if err != nil {
		return v, err
	}
	if v.memberSeen, err = d.seeMember(ctx, p); err != nil {
		return v, err
	}
	v.reversal, err = d.Rooms.Points.Reversal(ctx, p.caller(), v.ID, entry)
	if refused, ok := errors.AsType[noren.Refusals](err); ok {
		v.refusal, err = p.T("reason."+string(refused[0].Reason)), nil
	}
	return v, err
}

// reversePoints reverses an entry, if that still comes to what the page said.
func (d *Console) reversePoints(ctx context.Context, p *page) (web.Answer, error) {
	member, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	entry, err := p.id("entry")
	if err != nil {
		return web.Answer{}, err
	}
	u := points.Undo{MemberID: member, EntryID: entry, Note: p.field("reason")}
	var unread error
	u.Net, unread = strconv.ParseInt(p.field(fieldShown), 10, 64)
	if tooLong := len([]rune(u.Note)) > mostReason; tooLong {
		p.wrong("reason", p.T("reason.too_long", mostReason))
	} else if unread != nil {
		p.wrong("", p.T("points.reversal_changed"))
	} else if _, _, err = d.Rooms.Points.Reverse(ctx, p.caller(), u, p.once()); err == nil {
		return d.withBalance(ctx, p, "done.reversed", member, memberPath(member, "/points"))
	} else if refusedFor(err, noren.ReasonChanged) {
		p.wrong("", p.T("points.reversal_changed"))
	} else if !p.refused(err, nil) {
		return web.Answer{}, err
	}
	v, err := d.viewReversal(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	v.reason = u.Note
	return p.showAgain(ctx, reversalPage(p, v))
}
