package easypoints

import (
	"context"
	"strconv"
	"strings"

	"noren"
	"noren/app/points"
	"noren/app/unit"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// The two forms of timestamps: allotments have no zone in the documents' examples, and are in UTC.
const (
	balanceTime   = "2006-01-02T15:04:05.000000Z"
	allotmentTime = "2006-01-02T15:04:05.000000"
)

// getBalance is GET …/point_balances/:shopify_customer_id.
func (d *Dialect) getBalance(ctx context.Context, x *web.Request) (web.Answer, error) {
	key, err := customer(x)
	if err != nil {
		return web.Answer{}, err
	}
	// A list of one and not ByKey, which would return the member without its points.
	found, err := d.rooms.Members.List(ctx, x.Caller, noren.MemberFilter{
		ShopifyIDs: []string{key.ShopifyCustomerID}, NoTotal: true, Page: noren.Page{Limit: 1},
	})
	switch {
	case err != nil:
		return web.Answer{}, err
	case len(found.Items) == 0:
		return web.Answer{}, &noren.Error{Kind: noren.NotFound, Field: pathID}
	}
	m := found.Items[0]
	return ok(balanceView(), balance{m, found.Points[m.ID], x.Caller.Tenant}), nil
}

// balance is what a customer has at the moment of reading.
type balance struct {
	member noren.Member
	points []noren.PointBalance // one for each type
	tenant noren.Tenant
}

func balanceView() wire.View[balance] {
	return wire.View[balance]{
		{
			Name: "expiration_delay", Value: func(b balance) any { return b.tenant.Points.ExpiresAfterMonths },
			Schema: wire.IntegerSchema("ポイントの有効期限 (月数)。0は失効なし"),
		},
		{Name: "expires_at", Value: func(b balance) any { return b.expiresAt() }, Nullable: true, Format: "date-time", Description: "直近の失効日時"},
		{Name: "id", Value: func(b balance) any { return b.member.ShopifyCustomerID }, Description: "顧客のShopify ID"},
		{Name: "point_balance", Value: func(b balance) any { return b.total() }, Schema: wire.IntegerSchema("ポイント残高")},
	}
}

// total sums both types of points, because easyPoints has one balance.
func (b balance) total() (sum int64) {
	for _, p := range b.points {
		sum += p.Total
	}
	return sum
}

// expiresAt is the last second in which the points that expire next can be used.
func (b balance) expiresAt() any {
	day := noren.NextExpiry(b.points)
	if day == nil {
		return nil
	}
	// The day ends where the shop is; the time is written in UTC, as the documents' example is.
	return day.EndOf(b.tenant.Location()).UTC().Format(balanceTime)
}

// balanceRequest is the body of POST …/set_balance.
type balanceRequest struct{ balance int64 }

func balanceTable() wire.Table[balanceRequest] {
	return wire.NewTable(
		wire.Whole("balance", wire.ToValue(func(r *balanceRequest) *int64 { return &r.balance })).Between(0, noren.MaxPoints).Must().
			Says("設定後のポイント残高", ""),
	)
}

// postBalance is POST …/point_balances/:id/set_balance, called set_balances on a newer page. The id may be an e-mail
// address.
func (d *Dialect) postBalance(ctx context.Context, x *web.Request) (web.Answer, error) {
	var sent balanceRequest
	if err := readObject(x.Body, d.tables.balance, &sent); err != nil {
		return web.Answer{}, err
	}
	key, err := customer(x)
	if err != nil {
		return web.Answer{}, err
	}
	// Only here: the pages that read name no e-mail address.
	if isEmail(key.ShopifyCustomerID) {
		key = noren.MemberKey{Email: key.ShopifyCustomerID}
	}
	answer := func(changed points.BalanceChange) web.Answer { return ok(balanceSetView(), changed) }
	return dialect.Once(x, answer, func(once *unit.Once) (points.BalanceChange, *noren.KeptAnswer, error) {
		return d.rooms.Points.SetBalance(ctx, x.Caller, key, sent.balance, once)
	})
}

// isEmail distinguishes an e-mail address from the id of a customer, which has no @.
func isEmail(id string) bool { return strings.Contains(id, "@") }

func balanceSetView() wire.View[points.BalanceChange] {
	type b = points.BalanceChange
	return wire.View[b]{
		{Name: "id", Value: func(b b) any {
			// The balance was what was asked for, so nothing moved and there is nothing to name.
			if len(b.Entries) == 0 {
				return nil
			}
			return entryID(b.Entries[0])
		}, Nullable: true, Description: "付与または減算のid。残高が変わらない場合はnull"},
		{Name: "inserted_at", Value: func(b b) any { return b.At.UTC().Format(allotmentTime) }, Description: "記録日時 (UTC)"},
		{Name: "point_balance", Value: func(b b) any { return b.Balance }, Schema: wire.IntegerSchema("設定後のポイント残高")},
		{Name: "point_value", Value: func(b b) any { return b.Delta() }, Schema: wire.IntegerSchema("増減数")},
	}
}

func entryID(e noren.PointEntry) string { return strconv.FormatInt(e.ID, 10) }
