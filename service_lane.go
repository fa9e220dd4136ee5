package noren

import (
	"context"
	"fmt"
	"net/url"
	"runtime/debug"
	"slices"
	"strconv"
	"time"
)

const (
	laneBatch    = 16 // requests applied in one transaction, at most
	maxBulkTries = 5  // unexpected errors after which a request fails rather than block its lane
)

// TenantsWithBulk lists the tenants whose lane has work.
func (s *Service) TenantsWithBulk(ctx context.Context) ([]TenantID, error) {
	return s.engine.TenantsWithBulk(ctx)
}

// ApplyLane applies the tenant's next bulk requests, in order, each all or nothing, and stores the callback owed
// for each with its effect. It answers those it finished: none when none waits or another process has the lane.
// An error leaves everything as it was.
func (s *Service) ApplyLane(ctx context.Context, tenant TenantID) ([]BulkRequest, error) {
	done, err := s.applyNext(ctx, tenant, laneBatch)
	if err != nil && KindOf(err) != Unavailable && ctx.Err() == nil {
		// One of several spoilt the transaction: find it by going one by one.
		s.log.ErrorContext(ctx, "applying bulk requests together failed; going one by one", "tenant", tenant, "error", err)
		if done, err = s.applyNext(ctx, tenant, 1); err != nil && KindOf(err) != Unavailable && ctx.Err() == nil {
			s.countTry(ctx, tenant)
		}
	}
	if len(done) > 0 {
		s.callbackReady.give()
	}
	return done, err
}

// applyNext is ApplyLane for up to limit requests. A panic is an error like any other: it must neither end the process
// nor keep the request that causes it from being given up.
func (s *Service) applyNext(ctx context.Context, tenant TenantID, limit int) (done []BulkRequest, err error) {
	defer func() {
		if p := recover(); p != nil {
			done, err = nil, fmt.Errorf("applying bulk requests of tenant %d: panic: %v\n%s", tenant, p, debug.Stack())
		}
	}()
	err = s.engine.Update(ctx, tenant, func(tx Tx) error {
		done = nil
		now := s.now()
		if locked, err := tx.LockLane(ctx); err != nil || !locked {
			return err
		}
		requests, err := tx.NextBulk(ctx, limit)
		if err != nil || len(requests) == 0 {
			return err
		}
		t, err := tx.Tenant(ctx)
		if err != nil {
			return err
		}
		lane := lane{tx: tx, tenant: t, now: now}
		callbacks := make([]Callback, len(requests))
		for i := range requests {
			r := &requests[i]
			outcome := BulkOutcome{ID: r.ID, Kind: r.Kind, Failures: []Failure{{Reason: ReasonInternal}}}
			if r.Tries < maxBulkTries {
				if outcome, err = lane.apply(ctx, *r); err != nil {
					return fmt.Errorf("applying bulk request %d of tenant %s: %w", r.ID, t.Contract, err)
				}
			}
			r.State, r.Failures, r.AppliedAt = BulkSucceeded, outcome.Failures, &now
			if len(outcome.Failures) > 0 {
				r.State = BulkFailed
			}
			callbacks[i] = s.owe(t.ID, *r, outcome, now)
		}
		done = requests
		return tx.FinishBulk(ctx, requests, callbacks)
	})
	if err != nil {
		return nil, err
	}
	return done, nil
}

// countTry notes that the lane's first request failed unexpectedly.
func (s *Service) countTry(ctx context.Context, tenant TenantID) {
	err := s.engine.Update(ctx, tenant, func(tx Tx) error {
		if locked, err := tx.LockLane(ctx); err != nil || !locked {
			return err
		}
		next, err := tx.NextBulk(ctx, 1)
		if err != nil || len(next) == 0 {
			return err
		}
		return tx.CountBulkTry(ctx, next[0].ID)
	})
	if err != nil {
		s.log.ErrorContext(ctx, "counting a failed try", "tenant", tenant, "error", err)
	}
}

func (s *Service) owe(tenant TenantID, r BulkRequest, outcome BulkOutcome, now time.Time) Callback {
	host := r.CallbackURL
	if u, err := url.Parse(r.CallbackURL); err == nil {
		host = u.Host
	}
	return Callback{
		TenantID: tenant, RequestID: r.ID, ClientID: r.ClientID, URL: r.CallbackURL, Host: host,
		Body: s.encoders[r.Dialect].EncodeCallback(outcome), State: CallbackPending, OwedAt: now, NextAt: now,
	}
}

// lane applies requests of one tenant inside one transaction.
type lane struct {
	tx     Tx
	tenant Tenant
	now    time.Time
}

func (l lane) apply(ctx context.Context, r BulkRequest) (BulkOutcome, error) {
	if r.Kind == BulkStock {
		return l.applyStock(ctx, r)
	}
	return l.applyMembers(ctx, r)
}

func (l lane) applyMembers(ctx context.Context, r BulkRequest) (BulkOutcome, error) {
	out := BulkOutcome{ID: r.ID, Kind: r.Kind}
	in, err := l.surroundings(ctx, r.Rows.Members, r.StoreID)
	if err != nil {
		return out, err
	}
	for _, p := range r.Rows.Members {
		out.Members = append(out.Members, p.ID)
	}
	byID, err := membersByID(ctx, l.tx, out.Members, true)
	if err != nil {
		return out, err
	}
	changes := make([]MemberChange, 0, len(byID))
	for i, p := range r.Rows.Members {
		before, ok := byID[p.ID]
		if !ok || !before.VisibleTo(r.StoreID) {
			out.Failures = append(out.Failures, Failure{i + 1, ReasonMemberUnknown})
			continue
		}
		after, broken := p.Apply(before, in)
		for _, reason := range broken {
			out.Failures = append(out.Failures, Failure{i + 1, reason})
		}
		changes = append(changes, MemberChange{before, after})
	}
	if len(out.Failures) > 0 {
		return out, nil
	}
	return out, l.writeMembers(ctx, changes, AuditEntry{
		At: l.now, ClientID: &r.ClientID, Dialect: string(r.Dialect), RequestID: r.RequestID,
	})
}

// membersByID reads the members that exist, for looking them up.
func membersByID(ctx context.Context, tx Tx, ids []int64, forUpdate bool) (map[int64]Member, error) {
	stored, err := tx.MembersByID(ctx, ids, forUpdate)
	byID := make(map[int64]Member, len(stored))
	for _, m := range stored {
		byID[m.ID] = m
	}
	return byID, err
}

// writeMembers stores the changes as somebody's doing.
func (l lane) writeMembers(ctx context.Context, changes []MemberChange, by AuditEntry) error {
	return l.storeMembers(ctx, changes, ranksSet(changes, l.now, by), by)
}

// storeMembers stores the changes with the changes of ranks among them, credits purchases that waited for them, and
// records those that change anything in the audit log as by tells.
func (l lane) storeMembers(ctx context.Context, changes []MemberChange, ranks []RankChange, by AuditEntry) error {
	entries := make([]AuditEntry, 0, len(changes))
	for i := range changes {
		c := &changes[i]
		if len(ChangedColumns(&c.Before, &c.After)) == 0 {
			continue
		}
		c.After.UpdatedAt = l.now
		by.Subject, by.SubjectID = "member", strconv.FormatInt(c.After.ID, 10)
		by.Changes = memberChanges(&c.Before, &c.After)
		entries = append(entries, by)
	}
	if len(entries) == 0 {
		return nil
	}
	if err := l.tx.UpdateMembers(ctx, changes); err != nil {
		return err
	}
	credited, err := l.creditHeld(ctx, changes, by)
	if err != nil {
		return err
	}
	if err := l.addRankChanges(ctx, ranks); err != nil {
		return err
	}
	return l.audit(ctx, append(entries, credited...))
}

// insertMembers stores new members, and records each in the audit log as by tells.
func (l lane) insertMembers(ctx context.Context, members []Member, by AuditEntry) error {
	if err := l.tx.InsertMembers(ctx, members); err != nil {
		return err
	}
	fresh := make([]MemberChange, len(members))
	for i := range members {
		fresh[i].After = members[i]
	}
	credited, err := l.creditHeld(ctx, fresh, by)
	if err != nil {
		return err
	}
	entries := make([]AuditEntry, len(members))
	for i := range members {
		entries[i] = by
		entries[i].Subject, entries[i].SubjectID = "member", strconv.FormatInt(members[i].ID, 10)
		entries[i].Changes = memberChanges(&Member{}, &members[i])
	}
	return l.audit(ctx, append(entries, credited...))
}

func (l lane) audit(ctx context.Context, entries []AuditEntry) error {
	first, err := l.tx.Reserve(ctx, CounterAudit, len(entries))
	if err != nil {
		return err
	}
	for i := range entries {
		entries[i].ID = first + int64(i)
	}
	return l.tx.AddAudit(ctx, entries)
}

// surroundings loads what the patches of a caller who is restricted to store are judged against, and only what they name.
func (l lane) surroundings(ctx context.Context, patches []MemberPatch, store *int64) (Surroundings, error) {
	in := Surroundings{
		HeadquartersLinked: l.tenant.HeadquartersLinked, CallerStore: store,
		Today: DateOf(l.now, l.tenant.Location()),
	}
	var ranks, staffRanks bool
	var stores []int64
	for _, p := range patches {
		_, named := p.Rank.Value()
		ranks = ranks || named
		_, named = p.MinimumRank.Value()
		ranks = ranks || named
		_, named = p.StaffRank.Value()
		staffRanks = staffRanks || named
		if id, named := p.Store.Value(); named && !slices.Contains(stores, id) {
			stores = append(stores, id)
		}
	}
	var err error
	if ranks {
		if in.Ranks, err = l.tx.Ranks(ctx); err != nil {
			return in, err
		}
	}
	if staffRanks {
		if in.StaffRanks, err = l.tx.StaffRanks(ctx); err != nil {
			return in, err
		}
	}
	if len(stores) > 0 {
		in.Stores, _, err = l.tx.Stores(ctx, CatalogueFilter{IDs: stores})
	}
	return in, err
}

func (l lane) applyStock(ctx context.Context, r BulkRequest) (BulkOutcome, error) {
	out := BulkOutcome{ID: r.ID, Kind: r.Kind}
	productIDs, storeIDs := make([]int64, len(r.Rows.Stock)), make([]int64, len(r.Rows.Stock))
	for i, c := range r.Rows.Stock {
		productIDs[i], storeIDs[i] = c.ProductID, c.StoreID
	}
	products, _, err := l.tx.Products(ctx, CatalogueFilter{IDs: productIDs})
	if err != nil {
		return out, err
	}
	stores, _, err := l.tx.Stores(ctx, CatalogueFilter{IDs: storeIDs})
	if err != nil {
		return out, err
	}
	for i, c := range r.Rows.Stock {
		for _, reason := range c.judge(products, stores, r.StoreID) {
			out.Failures = append(out.Failures, Failure{i + 1, reason})
		}
	}
	if len(out.Failures) > 0 {
		return out, nil
	}
	out.Movements, err = l.setStock(ctx, r.Rows.Stock, StockDivisionAPI, AuditEntry{
		At: l.now, ClientID: &r.ClientID, Dialect: string(r.Dialect), RequestID: r.RequestID,
	})
	return out, err
}

// stockAudit records each level before and after.
func stockAudit(movements []StockMovement, before map[StockKey]int64, by AuditEntry) []AuditEntry {
	entries := make([]AuditEntry, len(movements))
	for i, m := range movements {
		was := "null"
		if amount, known := before[m.StockKey]; known {
			was = strconv.FormatInt(amount, 10)
		}
		entries[i] = by
		entries[i].Subject, entries[i].SubjectID = "stock", fmt.Sprintf("%d:%d", m.ProductID, m.StoreID)
		entries[i].Changes = fmt.Appendf(nil, `{"amount":[%s,%d]}`, was, m.AmountAfter)
	}
	return entries
}
