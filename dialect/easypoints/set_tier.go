package easypoints

import (
	"context"
	"slices"

	"noren"
	"noren/app/members"
	"noren/app/unit"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// maxPosition bounds the number by which a request may name a rank. A number beyond the ladder is an unknown rank.
const maxPosition = 1<<53 - 1

// tierRequest is the body of POST …/tiers.
type tierRequest struct {
	tier, minimum noren.Field[wire.TextOrWhole]
	skip          noren.Field[bool]
}

func tierTable() wire.Table[tierRequest] {
	return wire.NewTable(
		wire.Either("tier", wire.To(func(r *tierRequest) *noren.Field[wire.TextOrWhole] { return &r.tier })).Between(1, maxPosition).
			Says("更新後の顧客のランク。ランク名、または1から始まるランクの順位 (整数)", "silver"),
		wire.Either("minimum_tier", wire.To(func(r *tierRequest) *noren.Field[wire.TextOrWhole] { return &r.minimum })).Between(1, maxPosition).
			OrNull().Says("顧客に設定されている最下位ランク。nullは解除", "silver"),
		wire.Flag("skip_next_check", wire.To(func(r *tierRequest) *noren.Field[bool] { return &r.skip })).
			Says("次の会員ランク更新を無視する", ""),
	)
}

func readTier(body []byte, table wire.Table[tierRequest]) (r tierRequest, err error) {
	if err := readObject(body, table, &r); err != nil {
		return r, err
	}
	// A request that changes nothing is most likely a misspelled name, and names that are not known are ignored.
	if !r.tier.Given() && !r.minimum.Given() && !r.skip.Given() {
		return r, dialect.Wrong("", "At least one of these fields is required: tier, minimum_tier, skip_next_check")
	}
	return r, nil
}

// patch returns the request in the domain's terms.
func (r tierRequest) patch(member int64) noren.MemberPatch {
	return noren.MemberPatch{
		ID: member, View: noren.EasyPointsView, Rank: rankRef(r.tier), MinimumRank: rankRef(r.minimum), SkipNextCheck: r.skip,
	}
}

// rankRef returns how the request names a rank. Position and name are different JSON types, so a rank may be called 1.
func rankRef(f noren.Field[wire.TextOrWhole]) noren.Field[noren.Ref] {
	sent, isValue := f.Value()
	switch {
	case isValue && sent.IsWhole:
		return noren.Set(noren.Ref{Position: sent.Whole})
	case isValue:
		return noren.Set(noren.Ref{Name: sent.Text})
	case f.IsNull():
		return noren.Null[noren.Ref]()
	default:
		return noren.Field[noren.Ref]{}
	}
}

// postTier is POST …/point_balances/:customer_shopify_id/tiers 特定の顧客の会員ランクを更新する, and the same without /tiers, as in the
// page's second example.
func (d *Dialect) postTier(ctx context.Context, x *web.Request) (web.Answer, error) {
	sent, err := readTier(x.Body, d.tables.tier)
	if err != nil {
		return web.Answer{}, err
	}
	key, err := customer(x)
	if err != nil {
		return web.Answer{}, err
	}
	// The number of a member never changes and is never used again, so it may be read before the write begins.
	member, err := d.rooms.Members.ByKey(ctx, x.Caller, key)
	if err != nil {
		return web.Answer{}, err
	}
	answer := func(written members.List) web.Answer {
		return ok(tierSetView(), tierSet{sent, written.Items[0], written.Ranks})
	}
	return dialect.Once(x, answer, func(once *unit.Once) (members.List, *noren.KeptAnswer, error) {
		return d.rooms.Members.Update(ctx, x.Caller, []noren.MemberPatch{sent.patch(member.ID)}, once)
	})
}

// tierSet is what was sent, and the customer and the ladder after it.
type tierSet struct {
	sent   tierRequest
	member noren.Member
	ranks  []noren.Rank
}

// tierSetView has the keys of the response in the order of the page. Names are returned as they were sent.
func tierSetView() wire.View[tierSet] {
	return wire.View[tierSet]{
		{Name: "id", Value: func(t tierSet) any { return t.member.ShopifyCustomerID }, Description: "顧客のShopify ID"},
		{Name: "tier", Value: func(t tierSet) any {
			return echo(t.sent.tier, t.rank(noren.EasyPointsView.Rank(t.ranks, t.member.RankID)))
		}, Nullable: true, Description: "更新後の顧客のランク"},
		{Name: "minimum_tier", Value: func(t tierSet) any {
			return echo(t.sent.minimum, t.rank(t.member.MinimumRankID))
		}, Nullable: true, Description: "顧客に設定されている最下位ランク"},
		{Name: "skip_next_check", Value: func(t tierSet) any { return t.member.SkipNextCheck }, Schema: wire.FlagSchema("次の会員ランク変更を無視する")},
	}
}

// rank finds the rank in the ladder that was read in the transaction of the write.
func (t tierSet) rank(id *int64) *noren.Rank {
	at := slices.IndexFunc(t.ranks, func(r noren.Rank) bool { return id != nil && r.ID == *id })
	if at < 0 {
		return nil
	}
	return &t.ranks[at]
}

// echo returns the name that was sent, or that of the rank if it was left out or given by its number.
func echo(sent noren.Field[wire.TextOrWhole], now *noren.Rank) any {
	// As sent and not as stored, as README.md says: the two may differ in case and blanks.
	if v, isValue := sent.Value(); isValue && !v.IsWhole {
		return v.Text
	}
	return rankName(now)
}
