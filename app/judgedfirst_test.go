package app_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/points"
)

// writing counts the transactions that write.
type writing struct {
	noren.Engine
	n *atomic.Int64
}

// Update implements noren.Engine.
func (e writing) Update(ctx context.Context, tenant noren.TenantID, fn func(tx noren.Tx) error) error {
	e.n.Add(1)
	return e.Engine.Update(ctx, tenant, fn)
}

// TestRefusedRequestHoldsNoWriter sends requests with many rows that are refused: none begins a transaction that writes, on which
// others would wait. What is right is written as ever.
func TestRefusedRequestHoldsNoWriter(t *testing.T) {
	t.Parallel()
	apptest.OnEngines(t, func(t *testing.T, url string) {
		var begun atomic.Int64
		refusing := int64(0)
		if !strings.HasPrefix(url, "sqlite:") {
			refusing = 1 // others can write meanwhile, and judging first would be round trips
		}
		b := apptest.SetupAt(t, url, func(e noren.Engine) noren.Engine { return writing{e, &begun} })
		var codes []string
		var fresh, unknown []noren.MemberPatch
		for i := range int64(101) {
			codes = append(codes, fmt.Sprint("N", i))
			fresh = append(fresh, noren.MemberPatch{Code: noren.Set(codes[i])})
			unknown = append(unknown, noren.MemberPatch{ID: 1000 + i, Note: noren.Set("x")})
		}
		give := func(mode points.Mode) error {
			_, err := b.Points.Adjust(b.Ctx, b.Caller, points.Adjustment{
				Query: noren.MemberQuery{Codes: codes}, Mode: mode, Amount: 10, Type: noren.DefaultPoint,
			}, nil)
			return err
		}
		wrong := append([]noren.MemberPatch{}, fresh...)
		wrong[99].Rank = noren.Set(noren.Ref{ID: 99})
		for _, c := range []struct {
			name   string
			do     func() error
			writes int64
			right  bool
		}{
			{"points to nobody", func() error { return give(points.Add) }, refusing, false},
			{"changes of nobody", func() error { _, _, err := b.Members.Update(b.Ctx, b.Caller, unknown, nil); return err }, refusing, false},
			{"new members with an unknown rank", func() error { _, _, err := b.Members.Create(b.Ctx, b.Caller, wrong, noren.Active, nil); return err }, refusing, false},
			{"new members", func() error { _, _, err := b.Members.Create(b.Ctx, b.Caller, fresh, noren.Active, nil); return err }, 1, true},
			{"points that they do not have", func() error { return give(points.Subtract) }, refusing, false},
			{"points", func() error { return give(points.Add) }, 1, true},
			{"points that they have", func() error { return give(points.Subtract) }, 1, true},
		} {
			begun.Store(0)
			err := c.do()
			if (err == nil) != c.right || !c.right && noren.KindOf(err) != noren.Invalid {
				t.Errorf("%s: %v", c.name, err)
			}
			if n := begun.Load(); n != c.writes {
				t.Errorf("%s: %d transactions that write, want %d", c.name, n, c.writes)
			}
		}
		b.Sound(t)
	})
}
