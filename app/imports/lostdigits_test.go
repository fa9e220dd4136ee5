package imports_test

import (
	"slices"
	"strings"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
)

// TestLostDigitsOfKeys: whatever column names something, a number that a spreadsheet program has shortened is refused for that.
func TestLostDigitsOfKeys(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	for kind, columns := range map[noren.ImportKind]struct{ keys, needed, cells string }{
		noren.ImportMembers: {
			"id code alias_code customer_no shopify_customer_id rank_code rank_id staff_rank_code staff_rank_id store_code store_id store phone mobile fax postal_code",
			"", "",
		},
		noren.ImportProducts:  {"id code", "name", "茶"},
		noren.ImportStock:     {"product product_code product_id store store_code store_id", "amount", "1"},
		noren.ImportPurchases: {"member member_id shopify_customer_id id refund_of", "amount", "100"},
		noren.ImportPoints:    {"member member_id alias_code shopify_customer_id id", "amount", "100"},
	} {
		for key := range strings.FieldsSeq(columns.keys) {
			header, line := []string{key}, []string{"4.9Ｅ+12"}
			if columns.needed != "" {
				header, line = append(header, columns.needed), append(line, columns.cells)
			}
			for _, other := range [][2]string{{"code", "M1"}, {"product", "P1"}, {"store", "本店"}, {"member", "M1"}, {"id", "o1"}, {"at", "2026-01-01"}} {
				known := slices.ContainsFunc(imports.ImportFields(kind), func(f imports.ImportField) bool { return f.Name == other[0] })
				if known && !strings.HasPrefix(key, other[0]) && (kind != noren.ImportProducts || other[0] != "id") {
					header, line = append(header, other[0]), append(line, other[1])
				}
			}
			draft, err := b.Imports.Draft(b.Ctx, b.Caller, kind, apptest.ImportFile(strings.Join(header, ","), strings.Join(line, ",")))
			if err != nil {
				t.Fatal(err)
			}
			p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{})
			if err != nil || !slices.ContainsFunc(p.Problems, func(p noren.ImportProblem) bool {
				return p.Field == key && p.Reason == noren.ReasonLostDigits && p.Value != ""
			}) {
				t.Errorf("%s by %s: %+v, %v", kind, key, p.Problems, err)
			}
		}
	}
}
