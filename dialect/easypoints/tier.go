package easypoints

import (
	"context"
	"strconv"
	"strings"
	"time"

	"noren"
	"noren/app/ranks"
	"noren/web"
	"noren/wire"
)

// pathID is the path variable that names a customer.
const pathID = "shopify_customer_id"

// customer reads the Shopify id in the path. A text that no customer can have as id is not found rather than wrong.
func customer(x *web.Request) (noren.MemberKey, error) {
	// It need not be a number: ids are compared as texts.
	id := x.Vars[pathID]
	if id == "" || !wire.Storable(id) {
		return noren.MemberKey{}, &noren.Error{Kind: noren.NotFound, Field: pathID}
	}
	return noren.MemberKey{ShopifyCustomerID: id}, nil
}

// getTier is GET …/point_balances/:shopify_customer_id/tier 単一顧客の会員ランク情報の取得.
func (d *Dialect) getTier(ctx context.Context, x *web.Request) (web.Answer, error) {
	key, err := customer(x)
	if err != nil {
		return web.Answer{}, err
	}
	t, err := d.rooms.Ranks.Tier(ctx, x.Caller, key)
	if err != nil {
		return web.Answer{}, err
	}
	return ok(tierView(), tierShown{t, x.Caller.Tenant.Currency}), nil
}

// tierShown is where a customer stands, in the shop's currency.
type tierShown struct {
	ranks.Tier
	currency string
}

// tierView has the keys of the response in the order of the page.
func tierView() wire.View[tierShown] {
	return wire.View[tierShown]{
		{Name: "advancement_data", Value: func(t tierShown) any { return t.advancement() }, Schema: advancementSchema()},
		{Name: "id", Value: func(t tierShown) any { return t.Member.ShopifyCustomerID }, Description: "顧客のShopify ID"},
		{Name: "maintenance_data", Value: func(t tierShown) any { return t.maintenance() }, Schema: maintenanceSchema()},
		{Name: "minimum_tier", Value: func(t tierShown) any { return rankName(t.Minimum) }, Nullable: true, Description: "最下位ランク"},
		{Name: "skip_next_check", Value: func(t tierShown) any { return t.Member.SkipNextCheck }, Schema: wire.FlagSchema("次の会員ランク更新を無視する")},
		{Name: "tier", Value: func(t tierShown) any { return rankName(t.Rank) }, Nullable: true, Description: "会員ランク名"},
		{Name: "tier_uid", Value: func(t tierShown) any { return rankUID(t.Rank) }, Nullable: true, Description: "会員ランクid"},
	}
}

// advancement is what is missing to the next rank. At the top there is none: all of it is null but the uid, which is that of
// the top rank itself, because storefronts read it as a string.
func (t tierShown) advancement() wire.Map {
	var missing, required *int64
	var deadline any
	target := t.Target()
	if target != nil {
		// May be 0 or less: the spend is there, and the next check brings the rank.
		missing, required, deadline = new(t.Missing(*target)), &target.EntrySpend, t.deadline()
	}
	uid := rankUID(target)
	if target == nil {
		uid = rankUID(t.Rank)
	}
	// Empty at the top and never null, so that a storefront can go through it.
	tiers := make([]wire.Map, len(t.Above))
	for i := range t.Above {
		tiers[i] = t.step(&t.Above[i])
	}
	return wire.Map{
		wire.P("amount", t.amount(missing)), wire.P("currency", t.currency), wire.P("deadline", deadline),
		wire.P("raw_amount", t.raw(missing)), wire.P("spent_requirement", t.requirement(required)),
		wire.P("tier_name", rankName(target)), wire.P("tier_uid", uid), wire.P("tiers", tiers),
	}
}

// step is one of the ranks above, and what is missing to it.
func (t tierShown) step(r *noren.Rank) wire.Map {
	missing := t.Missing(*r)
	return wire.Map{
		// The ratio is written without an exponent, in as few digits as give the same number.
		wire.P("amount", t.amount(&missing)), wire.P("currency", t.currency), wire.P("name", r.Name),
		wire.P("ratio", wire.Raw(strconv.FormatFloat(r.Ratio, 'f', -1, 64))), wire.P("raw_amount", t.raw(&missing)),
		wire.P("spent_requirement", t.requirement(&r.EntrySpend)), wire.P("uid", r.UID),
	}
}

// maintenance is what is missing to keep the rank; null without a ladder.
func (t tierShown) maintenance() wire.Map {
	missing := t.ToKeep()
	var required *int64
	var deadline any
	// The member is shown with the lowest rank if it has none, so only a shop without ranks comes here with nil.
	if t.Rank != nil {
		required, deadline = &t.Rank.MaintenanceSpend, t.deadline()
	}
	return wire.Map{
		wire.P("amount", t.amount(missing)), wire.P("currency", t.currency), wire.P("deadline", deadline),
		wire.P("raw_amount", t.raw(missing)), wire.P("spent_requirement", t.requirement(required)),
	}
}

func (t tierShown) requirement(spend *int64) wire.Map {
	return wire.Map{wire.P("amount", t.amount(spend)), wire.P("currency", t.currency), wire.P("raw_amount", t.raw(spend))}
}

// deadline is the next check; null if there is none.
func (t tierShown) deadline() any {
	if t.Next == nil {
		return nil
	}
	return t.Next.At.UTC().Format(time.RFC3339)
}

// amount writes an amount in the main unit of the currency, as a string.
func (t tierShown) amount(n *int64) any {
	if n == nil {
		return nil
	}
	return noren.FormatMoney(*n, t.currency)
}

// raw writes the same as a number.
func (t tierShown) raw(n *int64) any {
	if n == nil {
		return nil
	}
	text := noren.FormatMoney(*n, t.currency)
	// A point at the end is no JSON, and zeros behind one say nothing. Without a point the zeros are tens.
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	return wire.Raw(text)
}

func rankName(r *noren.Rank) any {
	if r == nil {
		return nil
	}
	return r.Name
}

func rankUID(r *noren.Rank) any {
	if r == nil {
		return nil
	}
	return r.UID
}
