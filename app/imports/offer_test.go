package imports_test

import (
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
	"noren/csvfile"
)

// TestOfferedNames: who writes a rank or store that is not there is told those that are; who is of one store is told no other.
func TestOfferedNames(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	one := b.InStore(1)
	apptest.Imported(t, b, b.Caller, noren.ImportProducts, apptest.ImportFile("code,name", "P1,茶"))
	for _, c := range []struct {
		caller     noren.Caller
		kind       noren.ImportKind
		head, line string
		want       []string
	}{
		{b.Caller, noren.ImportMembers, "code,rank,store", "M1,Golden,駅前", []string{
			"会員ランクが存在しません。登録済みの会員ランク: Bronze、Silver", "店舗が存在しません。登録済みの店舗: 本店、支店",
		}},
		{b.Caller, noren.ImportStock, "product,store,amount", "P1,駅前,1", []string{"店舗が存在しません。登録済みの店舗: 本店、支店"}},
		{one, noren.ImportStock, "product,store,amount", "P1,支店,1", []string{"店舗が存在しません"}},
	} {
		draft, err := b.Imports.Draft(b.Ctx, c.caller, c.kind, apptest.ImportFile(c.head, c.line))
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.Imports.Preview(b.Ctx, c.caller, draft.ID, imports.Setup{})
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, problem := range p.Problems {
			told = append(told, csvfile.JapaneseSentence(problem))
		}
		apptest.Same(t, c.line, c.want, told)
	}
}
