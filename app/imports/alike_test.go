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
