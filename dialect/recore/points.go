package recore

import (
	"context"

	"noren"
	"noren/app/members"
	"noren/app/points"
	"noren/app/unit"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// adjustment is short for the type in the table below.
type adjustment = points.Adjustment

// pointTable is the body of PUT /members/point.
func pointTable() wire.Table[adjustment] {
	modes := []wire.Choice[points.Mode]{{Word: "ADD", Means: points.Add}, {Word: "SUB", Means: points.Subtract}}
	note := wire.Text("note", wire.ToValue(func(a *adjustment) *string { return &a.Note })).AtMost(members.MaxNoteLen).Must().Says("摘要", "")
	// The page requires a note, and points that move without a reason cannot be explained to the member later.
	note.NonEmpty = true
	return wire.NewTable(
		wire.Whole("staff_id", wire.ToPointer(func(a *adjustment) **int64 { return &a.StaffID })).Between(1, maxID).OrNull().
			Says("スタッフID", ""),
		wire.Whole("amount", wire.ToValue(func(a *adjustment) *int64 { return &a.Amount })).Between(1, noren.MaxPoints).Must().
			Says("増減数", ""),
		wire.Enum("mode", modes, wire.ToValue(func(a *adjustment) *points.Mode { return &a.Mode })).Must().Says("増減モード", ""),
		wire.Enum("type", pointTypes(), wire.ToValue(func(a *adjustment) *noren.PointType { return &a.Type })).OrNull().
			Says("ポイントタイプ。省略時とnullはDEFAULT", ""),
		wire.Date("expires_on", wire.To(func(a *adjustment) *noren.Field[noren.Date] { return &a.ExpiresOn })).OrNull().
			Says("失効日。省略時は会社の設定、nullは失効しません。SUBでは使用しません。", ""),
		note,
		wire.Nested("query", queryTable()).Must(),
	)
}

func queryTable() wire.Table[adjustment] {
	return wire.NewTable(
		wire.Wholes("ids", noren.MaxNamed, wire.ToValue(func(a *adjustment) *[]int64 { return &a.Query.IDs })).Says("会員ID", ""),
		wire.Texts("codes", noren.MaxNamed, wire.ToValue(func(a *adjustment) *[]string { return &a.Query.Codes })).Says("会員コード", ""),
		wire.Texts("alias_codes", noren.MaxNamed, wire.ToValue(func(a *adjustment) *[]string { return &a.Query.AliasCodes })).
			Says("代替会員コード", ""),
	)
}

// putPoints is PUT /members/point 会員ポイント増減.
func (d *Dialect) putPoints(ctx context.Context, x *web.Request) (web.Answer, error) {
	a, err := readAdjustment(x.Body, d.tables.points)
	if err != nil {
		return web.Answer{}, err
	}
	return dialect.OnceEmpty(x, func(once *unit.Once) (*noren.KeptAnswer, error) {
		return d.Rooms.Points.Adjust(ctx, x.Caller, a, once)
	})
}

// readAdjustment reads the body. A query that names nobody is refused: points for no one are a mistake.
func readAdjustment(body []byte, table wire.Table[adjustment]) (adjustment, error) {
	var a adjustment
	if err := readObject(body, table, &a); err != nil {
		return a, err
	}
	// Left out and null mean the same, as the page's "?string|null" allows.
	if a.Type == "" {
		a.Type = noren.DefaultPoint
	}
	// After the form, so that a list of the wrong type is reported as that.
	if a.Query.Named() == 0 {
		return a, dialect.Wrong("query", sentence("query", "can't be blank"))
	}
	return a, nil
}
