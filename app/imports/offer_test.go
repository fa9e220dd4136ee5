package imports_test

import (
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
	"noren/app/shop"
	"noren/csvfile"
)

// TestOfferedNames: who writes a rank or store that is not there is told those that are; who is of one store is told no other.
func TestOfferedNames(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	one := b.InStore(1)
	if _, err := b.Shop.Apply(b.Ctx, shop.Shop{
		Contract: "sb_test", Stores: []noren.Store{{ID: 9, Code: "900", Name: "倉庫", Kind: noren.StoreWarehouse}},
	}); err != nil {
		t.Fatal(err)
	}
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
		{b.Caller, noren.ImportMembers, "code,store_code", "M1,900", []string{"会員の店舗に、倉庫や受注店舗は指定できません。指定できる店舗: 本店、支店"}},
		{b.Caller, noren.ImportStock, "product,store,amount", "P1,駅前,1", []string{"店舗が存在しません。登録済みの店舗: 本店、支店、倉庫"}},
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
			apptest.SaidInBothLanguages(t, problem)
			if problem.Value == "" {
				t.Errorf("%s: the refusal has no value: %+v", c.line, problem)
			}
			told = append(told, csvfile.JapaneseSentence(problem))
		}
		apptest.Same(t, c.line, c.want, told)
	}
}
