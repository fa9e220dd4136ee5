package noren

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	key := func(product, store int64) StockKey { return StockKey{ProductID: product, StoreID: store} }
	half := MemberPatch{ID: 3, PointUnitPrice: Set(int64(100))}
	otherHalf := MemberPatch{ID: 4, PointUnit: Set(Hundredths(150)), PointUnitPrice: Null[int64]()}
	activeDated := MemberPatch{ID: 5, Status: Set(Active), LeaveDate: Set(today)}
	leftUndated := MemberPatch{ID: 6, Status: Set(Left), LeaveDate: Null[Date]()}
	plain, sameID := MemberPatch{ID: 1}, MemberPatch{ID: 1, Note: Set("again")}
	for _, c := range []struct {
		name string
		rows BulkRows
		want *Error // nil: valid
	}{
		{"nothing wrong", BulkRows{Members: []MemberPatch{plain, {ID: 2}}}, nil},
		{"a unit price without unit", BulkRows{Members: []MemberPatch{plain, half}}, &Error{Reason: ReasonUnitPair, Row: 2, Field: "point_unit"}},
		{"a unit without price", BulkRows{Members: []MemberPatch{otherHalf}}, &Error{Reason: ReasonUnitPair, Row: 1, Field: "point_unit_price"}},
		{"both halves", BulkRows{Members: []MemberPatch{{ID: 1, PointUnit: Set(Hundredths(1)), PointUnitPrice: Set(int64(1))}}}, nil},
		{"both halves cleared", BulkRows{Members: []MemberPatch{{ID: 1, PointUnit: Null[Hundredths](), PointUnitPrice: Null[int64]()}}}, nil},
		{"one half cleared", BulkRows{Members: []MemberPatch{{ID: 1, PointUnit: Null[Hundredths]()}}}, nil},
		{"a member twice", BulkRows{Members: []MemberPatch{plain, {ID: 2}, sameID}}, &Error{Reason: ReasonDuplicate, Row: 3, Field: "id", Value: "1"}},
		{"active with a date", BulkRows{Members: []MemberPatch{plain, activeDated}}, &Error{Reason: ReasonActiveWithLeaveDate, Row: 2, Field: "leave_date", Value: "5"}},
		{"left without a date", BulkRows{Members: []MemberPatch{leftUndated}}, &Error{Reason: ReasonLeftWithoutDate, Row: 1, Field: "leave_date", Value: "6"}},
		{"active, date cleared", BulkRows{Members: []MemberPatch{{ID: 1, Status: Set(Active), LeaveDate: Null[Date]()}}}, nil},
		{"left on a date", BulkRows{Members: []MemberPatch{{ID: 1, Status: Set(Left), LeaveDate: Set(today)}}}, nil},
		{"left, date not given", BulkRows{Members: []MemberPatch{{ID: 1, Status: Set(Left)}}}, nil},
		{"a date alone", BulkRows{Members: []MemberPatch{{ID: 1, LeaveDate: Set(today)}}}, nil},
		{"a status cleared, with a date", BulkRows{Members: []MemberPatch{{ID: 1, Status: Null[Status](), LeaveDate: Set(today)}}}, nil},

		{"fields before duplicates", BulkRows{Members: []MemberPatch{plain, sameID, half}}, &Error{Reason: ReasonUnitPair, Row: 3, Field: "point_unit"}},
		{"duplicates before dates", BulkRows{Members: []MemberPatch{activeDated, plain, sameID}}, &Error{Reason: ReasonDuplicate, Row: 3, Field: "id", Value: "1"}},
		{"the first row of one rule", BulkRows{Members: []MemberPatch{plain, leftUndated, activeDated}}, &Error{Reason: ReasonLeftWithoutDate, Row: 2, Field: "leave_date", Value: "6"}},

		{"stock", BulkRows{Stock: []StockChange{{StockKey: key(1, 1)}, {StockKey: key(1, 2)}, {StockKey: key(2, 1)}}}, nil},
		{
			"a level twice",
			BulkRows{Stock: []StockChange{{StockKey: key(1, 2)}, {StockKey: key(2, 1)}, {StockKey: key(1, 2), Amount: 5}}},
			&Error{Reason: ReasonDuplicate, Row: 3, Field: "product", Value: "1:2"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			err := BulkRequest{Rows: c.rows}.Validate()
			if c.want == nil {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			c.want.Kind = Invalid
			got, _ := errors.AsType[*Error](err)
			if diff := cmp.Diff(c.want, got, cmpopts.IgnoreFields(Error{}, "Message")); diff != "" {
				t.Errorf("the error (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBulkRowsRoundTrip(t *testing.T) {
	t.Parallel()
	change := rapid.Custom(func(t *rapid.T) StockChange {
		return StockChange{
			StockKey: StockKey{ProductID: rapid.Int64().Draw(t, "product"), StoreID: rapid.Int64().Draw(t, "store")},
			Amount:   rapid.Int64().Draw(t, "amount"), Memo: rapid.Ptr(rapid.String(), true).Draw(t, "memo"),
		}
	})
	patch := rapid.Custom(func(t *rapid.T) MemberPatch {
		p, _ := anyPatch(t, rapid.SampledFrom([]View{Canonical, SmaregiView, ReCOREView}).Draw(t, "view"))
		return p
	})
	rapid.Check(t, func(t *rapid.T) {
		var want BulkRows
		if rapid.Bool().Draw(t, "stock") {
			want.Stock = rapid.SliceOfN(change, 1, 5).Draw(t, "changes")
		} else {
			want.Members = rapid.SliceOfN(patch, 1, 3).Draw(t, "patches")
		}
		data, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeBulkRows(data)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(want, got) || got.Len() != len(want.Members)+len(want.Stock) {
			t.Errorf("stored as %s, the rows came back differently", data)
		}
	})
}

// TestBulkRowsAreStoredSo holds the stored form still: requests that one version accepted are applied by the next.
func TestBulkRowsAreStoredSo(t *testing.T) {
	t.Parallel()
	rows := BulkRows{Members: []MemberPatch{{
		ID: 1, View: SmaregiView, LastName: Set("山田"), Note: Null[string](), Status: Set(Left), Rank: Set(Ref{Name: "Gold"}),
		PointUnit: Set(Hundredths(150)), Store: Null[int64](), BirthDate: Set(Date("2000-01-23")), MailOptIn: Set(false),
	}}}
	data, err := rows.Encode()
	const want = `{"members":[{"id":1,"view":1,"last_name":"山田","birth_date":"2000-01-23","point_unit":150,` +
		`"mail_opt_in":false,"note":null,"status":"LEFT","rank":{"name":"Gold"},"store":null}]}`
	if err != nil || string(data) != want {
		t.Errorf("members are stored as\n%s\nwant\n%s\nerror %v", data, want, err)
	}
	rows = BulkRows{Stock: []StockChange{{StockKey: StockKey{ProductID: 1, StoreID: 2}, Amount: -3, Memo: new("棚卸")}}}
	data, err = rows.Encode()
	if want := `{"stock":[{"product":1,"store":2,"amount":-3,"memo":"棚卸"}]}`; err != nil || string(data) != want {
		t.Errorf("stock is stored as\n%s\nwant\n%s\nerror %v", data, want, err)
	}
	if _, err := DecodeBulkRows([]byte(`{"members":[{`)); err == nil {
		t.Error("half of the rows were read without an error")
	}
	var syntax *json.SyntaxError
	if _, err := DecodeBulkRows([]byte(`{"members":x}`)); !errors.As(err, &syntax) {
		t.Errorf("what is not JSON: error %v", err)
	}
}
