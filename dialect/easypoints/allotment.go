package easypoints

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/app/points"
	"noren/app/unit"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// The types of allotments that the ledger has.
const (
	typeAPI        = "api"
	typeManual     = "manual"
	typeExpiration = "expiration"
	// typeFulfillment is the vendor's word for the points of an order, which it gives once the order is fulfilled.
	typeFulfillment = "fulfillment"
)

// programs are the dialects used by programs; what people do in the console counts as manual.
func programs() []string {
	return []string{string(noren.EasyPoints), string(noren.ReCORE), string(noren.Smaregi)}
}

// allotment is one movement of a customer's points.
type allotment struct {
	noren.PointEntry
	customer *string // Shopify id; nil: the member has none
}

// kind is the type of the allotment. Where several ways lead to the same entry, the dialect tells them apart.
func (a allotment) kind() string {
	switch {
	// Before the order that the points may have come from: what is shown is why the balance moves.
	case a.Kind == noren.PointsExpired:
		return typeExpiration
	case a.Purchase.ID != 0:
		return typeFulfillment
	case slices.Contains(programs(), a.Dialect):
		return typeAPI
	default:
		return typeManual
	}
}

// parent names the order that earned the points, as the vendor does; nil: none did.
func (a allotment) parent() *string {
	if a.Purchase.ID == 0 {
		return nil
	}
	return new("order-" + a.Purchase.ExternalID)
}

// selectType restricts the filter to one type. Types that only the vendor has have no allotments.
func selectType(f *noren.PointEntryFilter, kind string) {
	// The conditions are kind() turned round: each entry has to come back under the type that it is shown with.
	moved := []noren.PointEntryKind{noren.PointsGranted, noren.PointsUsed, noren.PointsReversed}
	switch kind {
	case typeAPI:
		f.Kinds, f.Dialects, f.Earned = moved, programs(), new(false)
	case typeManual:
		f.Kinds, f.Dialects, f.Earned = moved, []string{string(noren.Console)}, new(false)
	case typeFulfillment:
		f.Earned = new(true)
	case typeExpiration:
		f.Kinds = []noren.PointEntryKind{noren.PointsExpired}
	default:
		f.Kinds = []noren.PointEntryKind{} // none; nil would be all
	}
}

// allotmentView has the keys of a row. What the ledger does not record is null.
func allotmentView() wire.View[allotment] {
	type a = allotment
	unknown := func(name, label string) wire.Shown[a] {
		return wire.Shown[a]{Name: name, Value: func(a) any { return nil }, Nullable: true, Description: label}
	}
	// The ledger has one time for each entry, which is when it took effect and when it was recorded.
	at := func(a a) any { return a.At.UTC().Format(allotmentTime) }
	return wire.View[a]{
		unknown("action", "付与の契機"),
		{Name: "allotment_cascade", Value: func(a) any { return nil }, Schema: wire.FlagSchema("").OrNull()},
		{Name: "allotted_at", Value: at, Description: "処理日時 (UTC)"},
		{Name: "app_reference", Value: func(a a) any { return a.Dialect }, Description: "どのAPIまたは画面によるか"},
		{Name: "event_id", Value: func(a) any { return nil }, Schema: wire.IntegerSchema("").OrNull()},
		{Name: "inserted_at", Value: at, Description: "記録日時 (UTC)"},
		unknown("object", ""),
		{Name: "parent", Value: func(a a) any { return a.parent() }, Nullable: true, Description: "付与の元になった注文"},
		{Name: "point_balance_uid", Value: func(a a) any { return a.customer }, Nullable: true, Description: "顧客のShopify ID"},
		{Name: "point_value", Value: func(a a) any { return a.Delta }, Schema: wire.IntegerSchema("増減数")},
		{Name: "points_deducted", Value: func(a a) any { return max(-a.Delta, 0) }, Schema: wire.IntegerSchema("減算されたポイント数")},
		{
			Name: "type", Value: func(a a) any { return a.kind() }, Description: "種別",
			Enum: []string{typeAPI, typeManual, typeExpiration, typeFulfillment},
		},
		{Name: "uid", Value: func(a a) any { return entryID(a.PointEntry) }, Description: "id"},
	}
}

// getAllotments is GET …/point_allotments.
func (d *Dialect) getAllotments(ctx context.Context, x *web.Request) (web.Answer, error) {
	f, err := readQuery(x.HTTP.URL.RawQuery)
	if err != nil {
		return web.Answer{}, err
	}
	ledger, err := d.rooms.Points.Ledger(ctx, x.Caller, f)
	if err != nil {
		return web.Answer{}, err
	}
	rows := make([]allotment, len(ledger.Entries))
	for i, e := range ledger.Entries {
		rows[i] = allotment{e, ledger.Members[e.MemberID].ShopifyCustomerID}
	}
	// There is no count and no link to the next page: the documents have neither.
	return enveloped(allotmentView().List(rows)), nil
}

// allotmentRequest is the body of POST …/point_allotments.
type allotmentRequest struct {
	customer wire.TextOrWhole
	points   int64
}

func allotmentTable() wire.Table[allotmentRequest] {
	return wire.NewTable(
		wire.Either("customer_id", wire.ToValue(func(r *allotmentRequest) *wire.TextOrWhole { return &r.customer })).
			Between(1, math.MaxInt64).Must().Says("顧客のShopify ID、またはメールアドレス", "6757085806881"),
		wire.Whole("point_value", wire.ToValue(func(r *allotmentRequest) *int64 { return &r.points })).
			Between(-noren.MaxPoints, noren.MaxPoints).Must().Says("増減数。0以外", ""),
	)
}

// readAllotment reads the body. The words for a customer_id that is neither an id nor an e-mail address are the
// vendor's.
func readAllotment(body []byte, table wire.Table[allotmentRequest]) (noren.MemberKey, int64, error) {
	var r allotmentRequest
	if err := readObject(body, table, &r); err != nil {
		return noren.MemberKey{}, 0, err
	}
	var wrong dialect.Complaints
	// A number and its digits as a text are the same customer.
	key := noren.MemberKey{ShopifyCustomerID: r.customer.Text}
	switch text := r.customer.Text; {
	case r.customer.IsWhole:
		key.ShopifyCustomerID = strconv.FormatInt(r.customer.Whole, 10)
	case isEmail(text):
		key = noren.MemberKey{Email: text}
	// Everything that is wrong is collected, so that both fields can be mended at once.
	case text == "" || strings.Trim(text, "0123456789") != "":
		wrong.Add("/customer_id", "Invalid integer. Got: string")
	}
	if r.points == 0 {
		wrong.Add("/point_value", "Invalid value: it must not be 0")
	}
	return key, r.points, wrong.OrNil()
}

// postAllotment is POST …/point_allotments.
func (d *Dialect) postAllotment(ctx context.Context, x *web.Request) (web.Answer, error) {
	key, delta, err := readAllotment(x.Body, d.tables.allotment)
	if err != nil {
		return web.Answer{}, err
	}
	answer := func(changed points.BalanceChange) web.Answer {
		// There is at least one entry, because a movement of 0 has been refused.
		row := changed.Entries[0] // easyPoints sees a deduction from both types of points as one
		row.Delta = changed.Delta()
		return ok(allotmentView(), allotment{row, changed.Member.ShopifyCustomerID})
	}
	return dialect.Once(x, answer, func(once *unit.Once) (points.BalanceChange, *noren.KeptAnswer, error) {
		changed, kept, err := d.rooms.Points.MoveBalance(ctx, x.Caller, key, delta, once)
		return changed, kept, inBody(err)
	})
}

// inBody turns an error about the customer into one about the body: an unknown customer in the path is not found, one
// in a field is a wrong value.
func inBody(err error) error {
	if e, ok := errors.AsType[*noren.Error](err); ok && (e.Reason == noren.ReasonMemberUnknown || e.Reason == noren.ReasonAmbiguous) {
		return dialect.Wrong("/customer_id", reasonWords(e))
	}
	return err
}
