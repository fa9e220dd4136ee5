package app_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/apptest"
	appbulk "noren/app/bulk"
	"noren/app/imports"
	"noren/app/points"
	"noren/app/shop"
	"noren/pgtest"
	"noren/sqlstore"
)

// mixedMembers and mixedProducts are few enough that what is written at once meets.
const (
	mixedMembers  = 120
	mixedProducts = 20
	mixedFor      = 3 * time.Second
	mixedWrites   = 100 // at least
)

// TestMixedWritesNeverDeadlock writes all that a shop's day writes at once, from two nodes, in every order: bulk lanes of
// members and stock, single writes and writes of many, points, stock, purchases and links, notes, imports, the shop file, and
// what is tidied up. Nobody may wait in a circle.
func TestMixedWritesNeverDeadlock(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	// Looked for soon, so that a few seconds have as many as there can be.
	m := newMix(t, url+separator+"deadlock_timeout=20ms")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	began := time.Now()
	var all sync.WaitGroup
	for name, act := range m.acts() {
		for range 2 {
			all.Go(func() {
				m.repeat(ctx, name, act, func() {
					// For some seconds, and on a slow machine for as long as it takes to have written enough.
					if time.Since(began) > mixedFor && m.done.Load() >= mixedWrites {
						stop()
					}
				})
			})
		}
	}
	all.Wait()
	for i, node := range m.nodes {
		if n := node.Engine.(*sqlstore.DB).Deadlocks(); n > 0 {
			t.Errorf("node %d: %d deadlocks in %d writes", i+1, n, m.done.Load())
		}
	}
}

// mix is what the writers share.
type mix struct {
	t      *testing.T
	nodes  []*app.App
	caller noren.Caller
	done   atomic.Int64
	fresh  atomic.Int64 // numbers names
}

func newMix(t *testing.T, url string) *mix {
	t.Helper()
	m := &mix{t: t}
	for range 2 {
		engine := apptest.Open(t, sqlstore.Config{URL: url, MaxConns: 24})
		m.nodes = append(m.nodes, app.New(app.Config{
			Engine: engine, Encoders: map[noren.Dialect]appbulk.Encoder{noren.Smaregi: apptest.PlainCallbacks{}},
		}))
	}
	s := shop.Shop{
		Contract: "sb_mix", Tenant: noren.TenantPatch{
			Name:   noren.Set("暖簾商店"),
			Points: noren.Set(noren.PointSettings{Enabled: true, Earn: noren.EarnProgramme{EarnRule: noren.EarnRule{Rate: "0.1"}}}),
		},
		Ranks:  []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "Silver"}},
		Stores: []noren.Store{{ID: 1, Name: "本店", Kind: noren.StoreShop}, {ID: 2, Name: "支店", Kind: noren.StoreShop}},
	}
	for i := range int64(mixedMembers) {
		s.Members = append(s.Members, noren.MemberPatch{ID: i + 1, Code: noren.Set(fmt.Sprint("M", i+1)), Email: noren.Set(fmt.Sprintf("%d@example.com", i+1))})
	}
	for i := range int64(mixedProducts) {
		s.Products = append(s.Products, noren.Product{ID: i + 1, Code: fmt.Sprint("P", i+1), Name: "緑茶"})
	}
	if _, err := m.nodes[0].Shop.Apply(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	tenant, err := m.nodes[0].Engine.TenantByContract(t.Context(), "sb_mix")
	if err != nil {
		t.Fatal(err)
	}
	m.caller = noren.Caller{Tenant: tenant, Client: noren.Client{ID: 1, Dialect: noren.ReCORE}, RequestID: "r"}
	return m
}

// repeat acts until ctx ends, and calls after behind each act. What was refused is part of the mix; anything unexpected is not.
func (m *mix) repeat(ctx context.Context, name string, act func(ctx context.Context, a *app.App) error, after func()) {
	for n := 0; ctx.Err() == nil; n++ {
		err := act(ctx, m.nodes[n%len(m.nodes)])
		after()
		switch kind := noren.KindOf(err); {
		case err == nil:
			m.done.Add(1)
		case ctx.Err() != nil, kind == noren.Invalid, kind == noren.Conflict, kind == noren.NotFound, kind == noren.Unavailable:
		default:
			if _, ok := errors.AsType[noren.Refusals](err); !ok {
				m.t.Errorf("%s: %v", name, err)
				return
			}
		}
	}
}

// some returns up to n of the members, in any order.
func some(n int) []int64 {
	ids := make([]int64, 0, n)
	for _, i := range rand.Perm(mixedMembers)[:1+rand.IntN(n)] {
		ids = append(ids, int64(i+1))
	}
	return ids
}

// patches changes some members in ways that lock more than their rows: links, ranks, and values that only one may have.
func (m *mix) patches(n int) (patches []noren.MemberPatch) {
	for _, id := range some(n) {
		p := noren.MemberPatch{ID: id, LastName: noren.Set(strconv.FormatInt(m.fresh.Add(1), 10))}
		switch rand.IntN(8) {
		case 0:
			p.ShopifyCustomerID = noren.Set(strconv.Itoa(rand.IntN(10 * mixedMembers)))
		case 1:
			p.Rank = noren.Set(noren.Ref{ID: 1 + rand.Int64N(2)})
		case 2:
			p.AliasCode = noren.Set(fmt.Sprint("A", rand.IntN(10*mixedMembers)))
		}
		patches = append(patches, p)
	}
	return patches
}

func (m *mix) change() noren.StockChange {
	return noren.StockChange{StockKey: noren.StockKey{ProductID: 1 + rand.Int64N(mixedProducts), StoreID: 1 + rand.Int64N(2)}, Amount: rand.Int64N(100)}
}

// bulk accepts a request, and at times applies what waits.
func (m *mix) bulk(ctx context.Context, a *app.App) error {
	r := noren.BulkRequest{Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: "https://example.com/"}
	if rand.IntN(2) == 0 {
		r.Kind = noren.BulkStock
		for i := range mixedProducts {
			c := m.change()
			c.ProductID = int64(mixedProducts - i) // each level once
			r.Rows.Stock = append(r.Rows.Stock, c)
		}
	} else {
		r.Rows.Members = m.patches(20)
	}
	_, err := a.Bulk.Accept(ctx, m.caller, r, nil)
	if rand.IntN(6) > 0 || err != nil {
		return err // some gather before they are applied, so that a lane has several at once
	}
	_, err = a.Bulk.ApplyLane(ctx, m.caller.Tenant.ID)
	return err
}

func (m *mix) acts() map[string]func(ctx context.Context, a *app.App) error {
	acts := map[string]func(ctx context.Context, a *app.App) error{
		"bulk": m.bulk,
		"one member": func(ctx context.Context, a *app.App) error {
			_, _, err := a.Members.Update(ctx, m.caller, m.patches(1), nil)
			return err
		},
		"many members": func(ctx context.Context, a *app.App) error {
			_, _, err := a.Members.Update(ctx, m.caller, m.patches(40), nil)
			return err
		},
		"new members": func(ctx context.Context, a *app.App) error {
			_, _, err := a.Members.Create(ctx, m.caller, []noren.MemberPatch{
				{AliasCode: noren.Set(fmt.Sprint("A", rand.IntN(mixedMembers)))}, {ShopifyCustomerID: noren.Set(strconv.Itoa(rand.IntN(mixedMembers)))},
			}, noren.Active, nil)
			return err
		},
		"a note": func(ctx context.Context, a *app.App) error {
			_, _, err := a.Members.AddNote(ctx, m.caller, noren.Note{MemberID: some(1)[0], Text: "x"}, nil)
			return err
		},
		"a level": func(ctx context.Context, a *app.App) error {
			_, _, err := a.Stock.Set(ctx, m.caller, m.change(), nil)
			return err
		},
		"points": func(ctx context.Context, a *app.App) error {
			mode := points.Add
			if rand.IntN(3) == 0 {
				mode = points.Subtract
			}
			_, err := a.Points.Adjust(ctx, m.caller, points.Adjustment{
				Query: noren.MemberQuery{IDs: some(10)}, Mode: mode, Amount: 1 + rand.Int64N(5), Type: noren.DefaultPoint,
			}, nil)
			return err
		},
	}
	maps.Copy(acts, m.others())
	return acts
}

// others are the acts of other systems, the operator and the worker.
func (m *mix) others() map[string]func(ctx context.Context, a *app.App) error {
	return map[string]func(ctx context.Context, a *app.App) error{
		"purchases": func(ctx context.Context, a *app.App) error {
			var events []noren.PurchaseEvent
			for range 4 {
				id := strconv.Itoa(rand.IntN(200))
				switch rand.IntN(3) {
				case 0:
					events = append(events, apptest.RefundOf(id, strconv.FormatInt(m.fresh.Add(1), 10), 1))
				case 1:
					events = append(events, apptest.Paid(id, 100, apptest.OfShopify(strconv.Itoa(rand.IntN(mixedMembers)))))
				default:
					events = append(events, apptest.Paid(id, 100, noren.MemberKey{ID: some(1)[0]}))
				}
			}
			_, err := apptest.Record(ctx, a, m.caller, "till", events...)
			return err
		},
		"a link": func(ctx context.Context, a *app.App) error {
			w := noren.Webhook{Source: noren.WebhookShopify, ID: strconv.FormatInt(m.fresh.Add(1), 10), Topic: "customers/create"}
			_, err := a.Inbox.Receive(ctx, m.caller, w, apptest.Linking(strconv.Itoa(rand.IntN(mixedMembers)), fmt.Sprintf("%d@example.com", some(1)[0])))
			return err
		},
		"an import": m.importing,
		"the shop file": func(ctx context.Context, a *app.App) error {
			s := shop.Shop{Contract: "sb_mix", Members: m.patches(10)}
			for i := range s.Members {
				s.Members[i].Code = noren.Set(fmt.Sprint("M", s.Members[i].ID))
			}
			s.Purchases = []noren.PurchaseEvent{apptest.Paid(fmt.Sprint("s", m.fresh.Add(1)), 100, noren.MemberKey{ID: some(1)[0]})}
			_, err := a.Shop.Apply(ctx, s)
			return err
		},
		"tidying up": func(ctx context.Context, a *app.App) error {
			if _, err := a.Access.DeleteExpired(ctx); err != nil {
				return err
			}
			if _, err := a.Points.Expire(ctx, m.caller.Tenant, noren.DateOf(a.Now(), m.caller.Tenant.Location()), false); err != nil {
				return err
			}
			_, err := a.Bulk.Resend(ctx, m.caller.Tenant, noren.CallbackFilter{State: noren.CallbackPending})
			return err
		},
	}
}

// importing imports members or stock from a file.
func (m *mix) importing(ctx context.Context, a *app.App) error {
	header, kind := "id,last_name,alias_code", noren.ImportMembers
	var lines []string
	if rand.IntN(2) == 0 {
		header, kind = "product_id,store_id,amount", noren.ImportStock
		for range 10 {
			c := m.change()
			lines = append(lines, fmt.Sprintf("%d,%d,%d", c.ProductID, c.StoreID, c.Amount))
		}
	} else {
		for _, id := range some(20) {
			lines = append(lines, fmt.Sprintf("%d,%d,A%d", id, m.fresh.Add(1), rand.IntN(mixedMembers)))
		}
	}
	draft, err := a.Imports.Draft(ctx, m.caller, kind, apptest.ImportFile(header, lines...))
	if err != nil {
		return err
	}
	if _, err := a.Imports.Start(ctx, m.caller, draft.ID, imports.Setup{}); err != nil {
		return err
	}
	_, err = a.Imports.Step(ctx, m.caller.Tenant.ID)
	return err
}
