package imports_test

import (
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
)

// TestAlikeCodes: a code that differs from a stored one in zeros or case alone makes no second member, unless the operator says so.
func TestAlikeCodes(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		apptest.ApplyMember(t, b, noren.MemberPatch{ID: 1, Code: noren.Set("00123"), AliasCode: noren.Set("kb-7")})
		f := apptest.ImportFile("id,code,alias_code,note", ",123,,x", ",0123,,x", "1,123,,x", ",N1,KB-7,x", ",00123,,x", ",X0456,,x", ",x0456,,x", ",789,,x", ",0789,,x", ",m2,,x")
		apptest.Same(t, "the import", []string{
			"2 1 0 7", "told duplicate",
			"2 code alike 123", "3 code alike 0123", "4 code alike 123", "5 alias_code alike KB-7", "8 code alike x0456", "10 code alike 0789", "11 code alike m2",
		}, importedAs(t, b, "", "", f))
		apptest.Same(t, "a member's own code", []string{"0 0 0 1", "2 code alike 123"},
			importedAs(t, b, "", "", apptest.ImportFile("id,code", "1,123")))
		apptest.Same(t, "as the operator says", []string{"1 0 0 0"}, importedAs(t, b, "", imports.ByCode, apptest.ImportFile("code,note", "123,x")))
		apptest.Same(t, "both are there now", []string{"0 1 1 0"}, importedAs(t, b, "", "", apptest.ImportFile("code,note", "123,y", "00123,x")))
		b.Sound(t)
	})
}

// TestAlikeCodesOfWhatIsNamed: a line that names a member or product by a code that has lost its zeros is told the stored one, and
// makes no second product.
func TestAlikeCodesOfWhatIsNamed(t *testing.T) {
	t.Parallel()
	apptest.OnBothEngines(t, func(t *testing.T, b *apptest.Bundle) {
		apptest.ApplyMember(t, b, noren.MemberPatch{ID: 1, Code: noren.Set("00123")})
		for _, c := range []struct {
			kind noren.ImportKind
			file noren.ImportFile
			want []string
		}{
			{noren.ImportProducts, apptest.ImportFile("code,name", "0049,茶", "kb-1,紅茶"), []string{"done: 2 0 0 0"}},
			{
				noren.ImportProducts, apptest.ImportFile("id,code,name", ",49,緑茶", ",KB-1,紅茶", "77,00049,別の茶", ",0051,水", ",51,湯"),
				[]string{"done: 2 0 0 3", "2 code alike 49", "3 code alike KB-1", "6 code alike 51"},
			},
			{
				noren.ImportStock, apptest.ImportFile("product,store,amount", "049,1,5", "0049,1,5", "P99,1,5"),
				[]string{"done: 1 0 0 2", "2 product alike 049", "4 product product_unknown P99"},
			},
			{noren.ImportStock, apptest.ImportFile("product_id,store,amount", "49,1,5"), []string{"done: 0 0 0 1", "2 product product_unknown 49"}},
			{
				noren.ImportPurchases, apptest.ImportFile("id,member,amount,at", "o1,123,100,2026-01-02", "o2,m2,100,2026-01-02", "o3,999,100,2026-01-02"),
				[]string{"done: 0 0 0 3", "2 member alike 123", "3 member alike m2", "4 member member_unknown 999"},
			},
			{noren.ImportPoints, apptest.ImportFile("member,amount", "0123,5"), []string{"done: 0 0 0 1", "2 member alike 0123"}},
		} {
			apptest.Same(t, string(c.kind), c.want, apptest.Imported(t, b, b.Caller, c.kind, c.file))
		}
		b.Sound(t)
	})
}
