package scale

import (
	"context"
	"fmt"
	"time"

	"noren"
	"noren/app/points"
)

// line is one thing that is measured.
type line struct {
	name   string
	seldom bool // it is a look over all tenants, which takes longer and is measured less often
	run    func(ctx context.Context, d *database) (time.Duration, error)
}

// request is a line about requests, of another tenant each time, with the client's credentials.
func request(name string, do func(ctx context.Context, d *database, c noren.Caller, turn int) error) line {
	return line{name, false, func(ctx context.Context, d *database) (time.Duration, error) {
		d.turn++
		turn := d.turn
		begin := time.Now()
		looking, _ := d.Engine.OneLook(ctx, true)
		caller, err := d.Service.Access.Authenticate(looking, token(1+turn%d.tenants))
		if err != nil {
			return 0, err
		}
		caller.Tenant.Points.Enabled = true
		err = do(looking, d, caller, turn)
		return time.Since(begin), err
	}}
}

// look is a line about work over all tenants, as the worker does it again and again.
func look(name string, do func(ctx context.Context, d *database) error) line {
	return line{name, true, func(ctx context.Context, d *database) (time.Duration, error) {
		begin := time.Now()
		err := do(ctx, d)
		return time.Since(begin), err
	}}
}

// lines lists what is measured. Each tenant has ten members at least, which are those that are asked for.
func lines() []line {
	list := func(f noren.MemberFilter) func(context.Context, *database, noren.Caller, int) error {
		return func(ctx context.Context, d *database, c noren.Caller, _ int) error {
			f.NoTotal, f.Page = true, noren.Page{Limit: 50}
			_, err := d.Service.Members.List(ctx, c, f)
			return err
		}
	}
	return []line{
		request("a member", func(ctx context.Context, d *database, c noren.Caller, turn int) error {
			_, err := d.Service.Members.Get(ctx, c, int64(1+turn%10))
			return err
		}),
		request("a member by code", list(noren.MemberFilter{Codes: []string{"MB0000000007"}})),
		request("a search that finds one", list(noren.MemberFilter{Keyword: "member7@example.com"})),
		request("one member changed", func(ctx context.Context, d *database, c noren.Caller, turn int) error {
			_, _, err := d.Service.Members.Update(ctx, c, []noren.MemberPatch{{
				ID: int64(1 + turn%10), View: noren.SmaregiView, Note: noren.Set(fmt.Sprint("来店 ", turn, time.Now().UnixNano())),
			}}, nil)
			return err
		}),
		request("points to one member", func(ctx context.Context, d *database, c noren.Caller, turn int) error {
			_, err := d.Service.Points.Adjust(ctx, c, points.Adjustment{
				Query: noren.MemberQuery{IDs: []int64{int64(1 + turn%10)}}, Mode: points.Add, Amount: 1, Type: noren.DefaultPoint,
			}, nil)
			return err
		}),
		request("a bulk of 100 levels, accepted and applied", func(ctx context.Context, d *database, c noren.Caller, turn int) error {
			changes := make([]noren.StockChange, 0, 5*products)
			for p := range products {
				for s := range 5 {
					changes = append(changes, noren.StockChange{
						StockKey: noren.StockKey{ProductID: int64(p + 1), StoreID: int64(s + 1)}, Amount: int64(turn),
					})
				}
			}
			_, err := d.Service.Bulk.Accept(ctx, c, noren.BulkRequest{
				Kind: noren.BulkStock, Dialect: noren.Smaregi, ClientID: c.Client.ID, CallbackURL: "https://example.com/",
				Rows: noren.BulkRows{Stock: changes},
			}, nil)
			if err == nil {
				_, err = d.Service.Bulk.ApplyLane(ctx, c.Tenant.ID)
			}
			return err
		}),
		look("polling: whose bulk requests wait", func(ctx context.Context, d *database) error {
			_, err := d.Engine.TenantsWithBulk(ctx)
			return err
		}),
		look("polling: whose callbacks are due", func(ctx context.Context, d *database) error {
			_, err := d.Service.Bulk.TenantsDue(ctx)
			return err
		}),
		look("polling: whose imports wait", func(ctx context.Context, d *database) error {
			_, err := d.Engine.TenantsWithImports(ctx)
			return err
		}),
		look("every minute: whose files are swept", func(ctx context.Context, d *database) error {
			_, err := d.Service.Members.Unswept(ctx)
			return err
		}),
		look("every minute: the tenants, for checks of ranks", func(ctx context.Context, d *database) error {
			_, err := d.Service.Access.Tenants(ctx)
			return err
		}),
		look("metrics: what waits", func(ctx context.Context, d *database) error {
			_, err := d.Engine.QueueStats(ctx)
			return err
		}),
		look("sweeping: what has expired", func(ctx context.Context, d *database) error {
			_, err := d.Service.Access.DeleteExpired(ctx)
			return err
		}),
		look("daily, of one tenant: points that expire", func(ctx context.Context, d *database) error {
			t := d.Caller.Tenant
			t.ID = noren.TenantID(d.tenants) // the smallest
			_, err := d.Service.Points.Expire(ctx, t, "2026-11-27", true)
			return err
		}),
	}
}
