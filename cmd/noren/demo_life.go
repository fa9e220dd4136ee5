package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"noren"
	"noren/app"
	"noren/app/points"
	"noren/cmd/noren/demoshop"
)

// life gives the demo shop a past: rank checks, points given and used, notes, and the bulk updates of a month with their callbacks.
// Without it the console would show empty lists and flat charts. Everything goes through the use cases, at the time it is
// said to have happened, so what is stored is what a server that ran for months would have stored.
type life struct {
	rooms    *app.App // on a clock that shows at
	rand     *rand.Rand
	now, at  time.Time
	tenant   noren.Tenant
	pos      noren.Caller // the client whose bulk updates they are
	members  int64
	entries  []noren.Date // of the days on which the members joined, by their IDs less 1
	products []noren.Product
	stock    map[noren.StockKey]int64
	receiver string // callback URL
}

// newLife returns the past of the shop, which has been loaded into the house.
func newLife(ctx context.Context, h *house, seed uint64, members []noren.MemberPatch, receiver string) (*life, error) {
	l := &life{
		rand: rand.New(rand.NewPCG(seed, 1)), //nolint:gosec // the same seed makes the same shop; nothing of it is secret
		now:  time.Now(), members: int64(len(members)), receiver: receiver,
		stock: make(map[noren.StockKey]int64),
	}
	for _, m := range members {
		entry, _ := m.EntryDate.Value()
		l.entries = append(l.entries, entry)
	}
	c := h.configured
	c.Clock = func() time.Time { return l.at }
	c.RankSlice = 1000 // nobody waits for these checks
	l.rooms = app.New(c)
	var err error
	if l.pos, err = h.rooms.Access.CallerByKey(ctx, noren.Smaregi, demoshop.AppKey); err != nil {
		return nil, err
	}
	l.tenant = l.pos.Tenant
	list, err := h.rooms.Stock.Products(ctx, l.pos, noren.CatalogueFilter{})
	l.products = list.Items
	return l, err
}

// live writes everything, the oldest first.
func (l *life) live(ctx context.Context) error {
	for _, part := range []func(context.Context) error{l.checks, l.points, l.notes, l.month, l.day} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ago returns the time so many days ago, at an hour of the shop's day.
func (l *life) ago(days, hour int) time.Time {
	day := l.now.In(l.tenant.Location()).AddDate(0, 0, -days)
	return time.Date(day.Year(), day.Month(), day.Day(), hour, l.rand.IntN(60), l.rand.IntN(60), 0, day.Location())
}

// staff is the caller that a login of the console has.
func (l *life) staff(login string) noren.Caller {
	return noren.Caller{Tenant: l.tenant, Client: noren.Client{Name: login, Dialect: noren.Console, Kind: noren.UserClient}, Login: login}
}

// checks runs the latest rank checks, as far as the programme has any.
func (l *life) checks(ctx context.Context) error {
	const latest = 3
	month := l.now.In(l.tenant.Location())
	for back := latest - 1; back >= 0; back-- {
		at := time.Date(month.Year(), month.Month()-time.Month(back), 1, 0, 0, 0, 0, month.Location())
		if noren.Month(at.Format("2006-01")) <= l.tenant.Programme.Start {
			continue
		}
		l.at = at.Add(time.Minute)
		if _, err := l.rooms.Ranks.Check(ctx, l.tenant, at, nil); err != nil {
			return fmt.Errorf("checking ranks at %s: %w", at.Format(time.DateOnly), err)
		}
	}
	return nil
}

// some draws every nth member or so of those who have joined by now, beginning with the first.
func (l *life) some(nth int64) (q noren.MemberQuery) {
	today := noren.DateOf(l.at, l.tenant.Location())
	for id := int64(1); id <= l.members && len(q.IDs) < noren.MaxNamed; id += 1 + l.rand.Int64N(2*nth-1) {
		if l.entries[id-1] < today {
			q.IDs = append(q.IDs, id)
		}
	}
	return q
}

// points gives points over a year, of which the first expire within a month, and uses some.
func (l *life) points(ctx context.Context) error {
	for _, p := range []struct {
		ago, hour int
		nth       int64
		mode      points.Mode
		amount    int64
		note      string
	}{
		{350, 11, 5, points.Add, 120, "お買い上げ"},
		{338, 12, 9, points.Add, 300, "入会特典"},
		{260, 15, 4, points.Add, 250, "お買い上げ"},
		{190, 17, 12, points.Add, 500, "お誕生日特典"},
		{120, 13, 3, points.Add, 180, "お買い上げ"},
		{62, 18, 6, points.Add, 90, "お買い上げ"},
		{24, 10, 2, points.Add, 150, "秋の新茶フェア"},
		{12, 16, 7, points.Subtract, 100, "店頭でご利用"},
		{3, 14, 10, points.Add, 80, "お買い上げ"},
		{1, 11, 15, points.Subtract, 50, "店頭でご利用"},
	} {
		l.at = l.ago(p.ago, p.hour)
		a := points.Adjustment{
			Query: l.some(p.nth), Mode: p.mode, Amount: p.amount, Type: noren.DefaultPoint, StaffID: new(1 + l.rand.Int64N(4)), Note: p.note,
		}
		_, err := l.rooms.Points.Adjust(ctx, l.staff("staff"), a, nil)
		// Members with fewer points have not used any.
		if poor, refused := errors.AsType[noren.Refusals](err); refused && p.mode == points.Subtract {
			a.Query = without(a.Query, poor)
			if len(a.Query.IDs) == 0 {
				continue
			}
			_, err = l.rooms.Points.Adjust(ctx, l.staff("staff"), a, nil)
		}
		if err != nil {
			return fmt.Errorf("points of the demo: %w", err)
		}
	}
	return nil
}

// without leaves out the members that the refusals name.
func without(q noren.MemberQuery, refused noren.Refusals) (rest noren.MemberQuery) {
	named := make(map[string]bool, len(refused))
	for _, r := range refused {
		named[r.Value] = true
	}
	for _, id := range q.IDs {
		if !named[strconv.FormatInt(id, 10)] {
			rest.IDs = append(rest.IDs, id)
		}
	}
	return rest
}

// notes are what staff write down about the first members.
func (l *life) notes(ctx context.Context) error {
	texts := []string{
		"緑茶をお好みです。新茶の時期にご案内する。", "贈答用のご利用が多い。のしは「御礼」。", "小麦アレルギーあり。焼菓子は成分表示をお見せすること。",
		"お電話は午後をご希望。", "抹茶碗の取り寄せをご相談中。", "領収書の宛名は会社名。", "お子さま連れでご来店。",
	}
	for i := range min(l.members, int64(3*len(texts))) {
		l.at = l.ago(40-int(i), 10+int(i%9))
		note := noren.Note{MemberID: 1 + i/2, StaffID: new(1 + i%4), Text: texts[i%int64(len(texts))]}
		if _, _, err := l.rooms.Members.AddNote(ctx, l.staff("staff"), note, nil); err != nil {
			return fmt.Errorf("notes of the demo: %w", err)
		}
	}
	return nil
}

// demoStores are those whose stock the demo's register sends: two shops and the warehouse.
func demoStores() []int64 { return []int64{1, 2, 8} }

// month is the stock that the register sends after closing on each of thirty days.
func (l *life) month(ctx context.Context) error {
	for days := 30; days > 1; days-- {
		l.at = l.ago(days, 20)
		var requests []noren.BulkRequest
		for _, store := range demoStores() {
			requests = append(requests, l.counted(store, l.products))
		}
		if err := l.update(ctx, requests...); err != nil {
			return err
		}
	}
	return nil
}

// day is what the register has sent since this time yesterday, at each hour.
func (l *life) day(ctx context.Context) error {
	first := l.now.Truncate(time.Hour).Add(-23 * time.Hour)
	for hour := range 23 { // the running hour is left to the visitor
		for n := range 1 + l.rand.IntN(3) {
			l.at = first.Add(time.Duration(hour)*time.Hour + time.Duration(12*n+l.rand.IntN(10))*time.Minute)
			request := l.counted(demoStores()[n], l.products[:min(len(l.products), 8)])
			if n == 1 {
				note := [...]string{"常連のお客様", "DM希望", "新茶のご案内済み"}[l.rand.IntN(3)]
				request = l.members100(noren.MemberPatch{ID: 1 + l.rand.Int64N(l.members), Note: noren.Set(note)})
			}
			if err := l.update(ctx, request); err != nil {
				return err
			}
		}
		switch hour {
		case 9: // nothing of it was applied: such a member does not exist
			l.at = l.at.Add(time.Minute)
			if err := l.update(ctx, l.members100(noren.MemberPatch{ID: 1, Rank: noren.Set(noren.Ref{ID: 4})},
				noren.MemberPatch{ID: l.members + 1000, Rank: noren.Set(noren.Ref{ID: 2})})); err != nil {
				return err
			}
		case 15: // its receiver is gone
			l.at = l.at.Add(time.Minute)
			request := l.members100(noren.MemberPatch{ID: 2, Note: noren.Set("旧レジから更新")})
			request.CallbackURL = "https://old-register.example.com/callback"
			if err := l.update(ctx, request); err != nil {
				return err
			}
		}
	}
	return nil
}

// members100 is a bulk update of members, of which one request takes up to a hundred.
func (l *life) members100(rows ...noren.MemberPatch) noren.BulkRequest {
	return noren.BulkRequest{Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: l.receiver, Rows: noren.BulkRows{Members: rows}}
}

// counted is a bulk update with the levels of a store: most have sold a little, low ones are filled up.
func (l *life) counted(store int64, products []noren.Product) noren.BulkRequest {
	var rows []noren.StockChange
	for _, p := range products {
		key := noren.StockKey{ProductID: p.ID, StoreID: store}
		level := l.stock[key] - l.rand.Int64N(6)
		if level < 8 {
			level = 40 + 10*l.rand.Int64N(5)
		}
		l.stock[key] = level
		rows = append(rows, noren.StockChange{StockKey: key, Amount: level})
	}
	return noren.BulkRequest{Kind: noren.BulkStock, Dialect: noren.Smaregi, CallbackURL: l.receiver, Rows: noren.BulkRows{Stock: rows}}
}

// update accepts requests, applies them and delivers their callbacks, as the worker does.
func (l *life) update(ctx context.Context, requests ...noren.BulkRequest) error {
	for _, r := range requests {
		if _, err := l.rooms.Bulk.Accept(ctx, l.pos, r, nil); err != nil {
			return fmt.Errorf("a bulk update of the demo: %w", err)
		}
	}
	l.at = l.at.Add(time.Duration(3+l.rand.IntN(20)) * time.Millisecond)
	for {
		done, err := l.rooms.Bulk.ApplyLane(ctx, l.tenant.ID)
		if err != nil {
			return err
		}
		if len(done) == 0 {
			return l.deliver(ctx)
		}
	}
}

// deliver records that the receiver has taken every pending callback, the last register's excepted.
func (l *life) deliver(ctx context.Context) error {
	hosts, err := l.rooms.Bulk.CallbackHosts(ctx, l.tenant.ID, "", noren.MaxNamed)
	if err != nil {
		return err
	}
	var shares []noren.HostShare
	for _, h := range hosts {
		shares = append(shares, noren.HostShare{Host: h.Host, Most: bulkAtOnce})
	}
	callbacks, err := l.rooms.Bulk.ClaimCallbacks(ctx, l.tenant.ID, shares)
	if err != nil {
		return err
	}
	for _, c := range callbacks {
		attempt := noren.Attempt{At: l.at, Duration: time.Duration(2+l.rand.IntN(60)) * time.Millisecond, Status: 204}
		if c.URL != l.receiver {
			attempt.Status = 410
		}
		l.at = l.at.Add(attempt.Duration)
		if _, err := l.rooms.Bulk.RecordAttempt(ctx, c, attempt); err != nil {
			return err
		}
	}
	return nil
}

// bulkAtOnce is more than update is ever given.
const bulkAtOnce = 16
