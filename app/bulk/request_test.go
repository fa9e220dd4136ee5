package bulk

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"noren"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	key := func(product, store int64) noren.StockKey { return noren.StockKey{ProductID: product, StoreID: store} }
	half := noren.MemberPatch{ID: 3, PointUnitPrice: noren.Set(int64(100))}
	otherHalf := noren.MemberPatch{ID: 4, PointUnit: noren.Set(noren.Hundredths(150)), PointUnitPrice: noren.Null[int64]()}
	activeDated := noren.MemberPatch{ID: 5, Status: noren.Set(noren.Active), LeaveDate: noren.Set(noren.Date("2026-04-02"))}
	leftUndated := noren.MemberPatch{ID: 6, Status: noren.Set(noren.Left), LeaveDate: noren.Null[noren.Date]()}
	plain, sameID := noren.MemberPatch{ID: 1}, noren.MemberPatch{ID: 1, Note: noren.Set("again")}
	for _, c := range []struct {
		name string
		rows noren.BulkRows
		want *noren.Error // nil: valid
	}{
		{"nothing wrong", noren.BulkRows{Members: []noren.MemberPatch{plain, {ID: 2}}}, nil},
		{"a unit price without unit", noren.BulkRows{Members: []noren.MemberPatch{plain, half}}, &noren.Error{Reason: noren.ReasonUnitPair, Row: 2, Field: "point_unit"}},
		{"a unit without price", noren.BulkRows{Members: []noren.MemberPatch{otherHalf}}, &noren.Error{Reason: noren.ReasonUnitPair, Row: 1, Field: "point_unit_price"}},
		{"both halves", noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, PointUnit: noren.Set(noren.Hundredths(1)), PointUnitPrice: noren.Set(int64(1))}}}, nil},
		{"both halves cleared", noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, PointUnit: noren.Null[noren.Hundredths](), PointUnitPrice: noren.Null[int64]()}}}, nil},
		{"one half cleared", noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, PointUnit: noren.Null[noren.Hundredths]()}}}, nil},
		{"a member twice", noren.BulkRows{Members: []noren.MemberPatch{plain, {ID: 2}, sameID}}, &noren.Error{Reason: noren.ReasonDuplicate, Row: 3, Field: "id", Value: "1"}},
		{"active with a date", noren.BulkRows{Members: []noren.MemberPatch{plain, activeDated}}, &noren.Error{Reason: noren.ReasonActiveWithLeaveDate, Row: 2, Field: "leave_date", Value: "5"}},
		{"left without a date", noren.BulkRows{Members: []noren.MemberPatch{leftUndated}}, &noren.Error{Reason: noren.ReasonLeftWithoutDate, Row: 1, Field: "leave_date", Value: "6"}},
		{"active, date cleared", noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, Status: noren.Set(noren.Active), LeaveDate: noren.Null[noren.Date]()}}}, nil},
		{"left on a date", noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, Status: noren.Set(noren.Left), LeaveDate: noren.Set(noren.Date("2026-04-02"))}}}, nil},
		{"left, date not given", noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, Status: noren.Set(noren.Left)}}}, nil},
		{"a date alone", noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, LeaveDate: noren.Set(noren.Date("2026-04-02"))}}}, nil},
		{"a status cleared, with a date", noren.BulkRows{Members: []noren.MemberPatch{{ID: 1, Status: noren.Null[noren.Status](), LeaveDate: noren.Set(noren.Date("2026-04-02"))}}}, nil},

		{"fields before duplicates", noren.BulkRows{Members: []noren.MemberPatch{plain, sameID, half}}, &noren.Error{Reason: noren.ReasonUnitPair, Row: 3, Field: "point_unit"}},
		{"duplicates before dates", noren.BulkRows{Members: []noren.MemberPatch{activeDated, plain, sameID}}, &noren.Error{Reason: noren.ReasonDuplicate, Row: 3, Field: "id", Value: "1"}},
		{"the first row of one rule", noren.BulkRows{Members: []noren.MemberPatch{plain, leftUndated, activeDated}}, &noren.Error{Reason: noren.ReasonLeftWithoutDate, Row: 2, Field: "leave_date", Value: "6"}},

		{"stock", noren.BulkRows{Stock: []noren.StockChange{{StockKey: key(1, 1)}, {StockKey: key(1, 2)}, {StockKey: key(2, 1)}}}, nil},
		{
			"a level twice",
			noren.BulkRows{Stock: []noren.StockChange{{StockKey: key(1, 2)}, {StockKey: key(2, 1)}, {StockKey: key(1, 2), Amount: 5}}},
			&noren.Error{Reason: noren.ReasonDuplicate, Row: 3, Field: "product", Value: "1:2"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := validate(noren.BulkRequest{Rows: c.rows})
			if c.want == nil {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			c.want.Kind = noren.Invalid
			got, _ := errors.AsType[*noren.Error](err)
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(noren.Error{}, "Message")); diff != "" {
				t.Errorf("the error (-want +got):\n%s", diff)
			}
		})
	}
}
