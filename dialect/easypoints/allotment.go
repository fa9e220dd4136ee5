package easypoints

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/web"
	"noren/wire"
)

// The types of allotments that the ledger knows.
const (
	typeAPI        = "api"
	typeManual     = "manual"
	typeExpiration = "expiration"
)

// programs are the dialects that programs speak; what people do in the console is manual.
func programs() []string {
	return []string{string(noren.EasyPoints), string(noren.ReCORE), string(noren.Smaregi)}
}

// allotment is one movement of a customer's points.
type allotment struct {
	noren.PointEntry
	customer *string // Shopify id; nil: the member has none
}

func (a allotment) kind() string {
	switch {
	case a.Kind == noren.PointsExpired:
		return typeExpiration
	case slices.Contains(programs(), a.Dialect):
		return typeAPI
	default:
		return typeManual
	}
}

// selectType narrows the filter to one type. Types that the vendor has and the ledger does not, such as fulfillment, have
// no allotments.
func selectType(f *noren.PointEntryFilter, kind string) {
	moved := []noren.PointEntryKind{noren.PointsGranted, noren.PointsUsed}
	switch kind {
	case typeAPI:
		f.Kinds, f.Dialects = moved, programs()
	case typeManual:
		f.Kinds, f.Dialects = moved, []string{string(noren.Console)}
	case typeExpiration:
		f.Kinds = []noren.PointEntryKind{noren.PointsExpired}
	default:
		f.Kinds = []noren.PointEntryKind{}
	}
}

// allotmentView is the keys of a row. What the ledger has no word for is null.
func allotmentView() wire.View[allotment] {
	type a = allotment
	unknown := func(name, label string) wire.Shown[a] {
		return wire.Shown[a]{Name: name, Value: func(a) any { return nil }, Nullable: true, Description: label}
	}
	at := func(a a) any { return a.At.UTC().Format(allotmentTime) }
	return wire.View[a]{
		unknown("action", "付与の契機"),
		{Name: "allotment_cascade", Value: func(a) any { return nil }, Schema: wire.FlagSchema("").OrNull()},
		{Name: "allotted_at", Value: at, Description: "処理日時 (UTC)"},
		{Name: "app_reference", Value: func(a a) any { return a.Dialect }, Description: "どのAPIまたは画面によるか"},
		{Name: "event_id", Value: func(a) any { return nil }, Schema: wire.IntegerSchema("").OrNull()},
		{Name: "inserted_at", Value: at, Description: "記録日時 (UTC)"},
		unknown("object", ""),
		unknown("parent", ""),
		{Name: "point_balance_uid", Value: func(a a) any { return a.customer }, Nullable: true, Description: "顧客のShopify ID"},
		{Name: "point_value", Value: func(a a) any { return a.Delta }, Schema: wire.IntegerSchema("増減数")},
		{Name: "points_deducted", Value: func(a a) any { return max(-a.Delta, 0) }, Schema: wire.IntegerSchema("減算されたポイント数")},
		{Name: "type", Value: func(a a) any { return a.kind() }, Enum: []string{typeAPI, typeManual, typeExpiration}, Description: "種別"},
		{Name: "uid", Value: func(a a) any { return entryID(a.PointEntry) }, Description: "id"},
	}
}

// getAllotments is GET …/point_allotments.
func (d *Dialect) getAllotments(ctx context.Context, x *web.Request) (web.Answer, error) {
	f, err := readQuery(x.HTTP.URL.RawQuery)
	if err != nil {
		return web.Answer{}, err
	}
	ledger, err := d.service.PointLedger(ctx, x.Caller, f)
	if err != nil {
		return web.Answer{}, err
	}
	rows := make([]allotment, len(ledger.Entries))
	for i, e := range ledger.Entries {
		rows[i] = allotment{e, ledger.Members[e.MemberID].ShopifyCustomerID}
	}
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

// readAllotment reads the body. The words for a customer_id that is neither an id nor an e-mail address are the vendor's.
func readAllotment(body []byte, table wire.Table[allotmentRequest]) (noren.MemberKey, int64, error) {
	var r allotmentRequest
	if err := readObject(body, table, &r); err != nil {
		return noren.MemberKey{}, 0, err
	}
	var wrong invalid
	key := noren.MemberKey{ShopifyCustomerID: r.customer.Text}
	switch text := r.customer.Text; {
	case r.customer.IsWhole:
		key.ShopifyCustomerID = strconv.FormatInt(r.customer.Whole, 10)
	case isEmail(text):
		key = noren.MemberKey{Email: text}
	case text == "" || strings.Trim(text, "0123456789") != "":
		wrong = append(wrong, complaint{"/customer_id", "Invalid integer. Got: string"})
	}
	if r.points == 0 {
		wrong = append(wrong, complaint{"/point_value", "Invalid value: it must not be 0"})
	}
	if len(wrong) > 0 {
		return key, 0, wrong
	}
	return key, r.points, nil
}

// postAllotment is POST …/point_allotments.
func (d *Dialect) postAllotment(ctx context.Context, x *web.Request) (web.Answer, error) {
	key, points, err := readAllotment(x.Body, d.tables.allotment)
	if err != nil {
		return web.Answer{}, err
	}
	answer := func(result any) web.Answer {
		changed := result.(noren.BalanceChange)
		row := changed.Entries[0] // a deduction from both types of points is one to easyPoints
		row.Delta = changed.Delta()
		return ok(allotmentView(), allotment{row, changed.Member.ShopifyCustomerID})
	}
	changed, kept, err := d.service.MovePointBalance(ctx, x.Caller, key, points, x.Once(answer))
	switch {
	case err != nil:
		return web.Answer{}, inBody(err)
	case kept != nil:
		return web.Replayed(kept), nil
	}
	return answer(changed), nil
}

// inBody says of an error about the customer that the body has named them: a path that names nobody is not found, a
// field that does is wrong.
func inBody(err error) error {
	if e, ok := errors.AsType[*noren.Error](err); ok && (e.Reason == noren.ReasonMemberUnknown || e.Reason == noren.ReasonAmbiguous) {
		return invalid{{"/customer_id", reasonWords(e)}}
	}
	return err
}
