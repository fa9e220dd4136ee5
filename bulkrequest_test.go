package noren

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

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

// TestBulkRowsAreStoredSo pins the stored form: requests accepted by one version are applied by the next.
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
