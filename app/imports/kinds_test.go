package imports_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"noren"
	"noren/app/apptest"
	"noren/app/imports"
	"noren/app/shop"
)

func TestImportMembers(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	const header = "id,code,last_name,phone,birth_date,status,rank,store,mail_opt_out,point_unit_price,point_unit,minimum_rank,skip_next_check"
	f := apptest.ImportFile(header,
		"1,,山田,０３−1234−5678,1990/1/2,,silver,本店,1,,,bronze,1",
		",M2,,,,LEFT,1,,,100,1.5,,",
		",NEW1,鈴木,090ー0123ー4567,19900102,利用停止,,,0,,,,",
		"77,,,,,,,,,,,,",
		",NEW1,佐藤,,,,,,,,,,",
		"2,M2,,,,,,,,,,,",
	)
	apptest.Same(t, "the import", []string{"done: 2 2 1 1", "6 last_name contradicts 佐藤"}, apptest.Imported(t, b, b.Caller, noren.ImportMembers, f))
	one := apptest.Member(t, b, "M1")
	if *one.LastName != "山田" || *one.Phone != "03-1234-5678" || *one.BirthDate != "1990-01-02" || *one.RankID != 2 || *one.StoreID != 1 ||
		one.MailOptIn || *one.MinimumRankID != 1 || !one.SkipNextCheck || *one.AliasCode != "A1" || one.Status != noren.Active {
		t.Errorf("member 1: %+v", one)
	}
	two := apptest.Member(t, b, "M2")
	if two.Status != noren.Left || *two.LeaveDate != "2026-01-31" || *two.RankID != 1 || *two.PointUnitPrice != 100 || *two.PointUnit != 150 {
		t.Errorf("member 2: %+v", two)
	}
	made := apptest.Member(t, b, "NEW1")
	if *made.LastName != "鈴木" || *made.Phone != "090-0123-4567" || made.Status != noren.Suspended || !made.MailOptIn || made.ID <= 3 {
		t.Errorf("the new member: %+v", made)
	}
	b.View(t, func(tx noren.Tx) error {
		found, err := tx.MembersByID(b.Ctx, []int64{77}, false)
		if len(found) != 1 || len(found[0].Code) != 12 {
			t.Errorf("member 77: %+v", found)
		}
		return err
	})
	apptest.Same(t, "audit entries of members", 4, len(b.Audited(t, "member")))
	apptest.Same(t, "audit entries of the import", 1, len(b.Audited(t, "import")))
	// A second time nothing changes.
	apptest.Same(t, "again", []string{"done: 0 0 5 1", "6 last_name contradicts 佐藤"}, apptest.Imported(t, b, b.Caller, noren.ImportMembers, f))
	b.Sound(t)
}

// TestImportRefusesLineByLine: each bad line is refused with every reason, and the good ones between take effect.
func TestImportRefusesLineByLine(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	f := apptest.ImportFile("id,code,alias_code,last_name,email,birth_date,sex,status,leave_date,rank_id,store_id,point_unit_price,address,address1,line_user_id",
		"1,,,甲,,,,,,,,,,,",
		"0,,,,a b,2026-02-30,X,GONE,,,,,,,",
		",日本,,"+strings.Repeat("長", 86)+",,,,,,,,,,,",
		"2,,,,,,,ACTIVE,2026-01-01,,,,,,",
		"2,,,,,,,,,9,9,,,,",
		"2,,,,,,,,,,,5,住所,一,",
		"2,,A1,,,,,,,,,,,,",
		",N1,A9,乙,,,,,,,,,,,",
		",N2,A9,,,,,,,,,,,,",
		"3,,,丁,,,,,,,,,,,U1",
		"3,,,丁,,,,,,,,,,,",
	)
	apptest.Same(t, "the import", []string{
		"done: 1 2 0 8",
		"3 id out_of_range 0", "3 email form a b", "3 birth_date not_date 2026-02-30", "3 sex unknown_word X", "3 status unknown_word GONE",
		"4 code form 日本", "4 last_name too_long " + strings.Repeat("長", 60) + "…",
		"5 leave_date active_leave_date 2026-01-01",
		"6 rank_id rank_unknown 9", "6 store_id store_unknown 9",
		"7 point_unit unit_pair ", "7 address twice 住所",
		"8 alias_code taken A1",
		"10 code contradicts N2",
		"11 line_user_id form U1",
	}, apptest.Imported(t, b, b.Caller, noren.ImportMembers, f))
	if m := apptest.Member(t, b, "M3"); *m.LastName != "丁" || m.LineUserID != nil {
		t.Errorf("member 3: %+v", m)
	}
	b.Sound(t)
}

// TestImportRefusesWhatCannotBeRight: what a form of the console refuses, a file does not bring either.
func TestImportRefusesWhatCannotBeRight(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	f := apptest.ImportFile("code,last_name,phone,mobile,postal_code,email,birth_date,last_kana",
		"P1,甲,abc,なし,x,hanako@example,2026-02-01,",
		"P2,乙,03-1234-5678,090ー0123ー4567,〒100-0001,hanako@example.com,2026-01-31,山田",
	)
	apptest.Same(t, "the import", []string{
		"done: 1 0 0 1",
		"2 phone form abc", "2 mobile form なし", "2 postal_code form x", "2 email form hanako@example", "2 birth_date future 2026-02-01",
	}, apptest.Imported(t, b, b.Caller, noren.ImportMembers, f))
	// An API that accepts more has stored it: what is exported can be imported again.
	shop := shop.Shop{Contract: "sb_test", Members: []noren.MemberPatch{{
		Code: noren.Set("P3"), Phone: noren.Set("abc"), BirthDate: noren.Set(noren.Date("2030-01-01")),
	}}}
	if _, err := b.Shop.Apply(b.Ctx, shop); err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "as it is", []string{"done: 0 0 1 0"},
		apptest.Imported(t, b, b.Caller, noren.ImportMembers, apptest.ImportFile("code,phone,birth_date", "P3,abc,2030-01-01")))
}

// TestImportTakesBackWhatIsStored: a value that breaks a rule is not a problem if the member already has it.
func TestImportTakesBackWhatIsStored(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	shop := shop.Shop{Contract: "sb_test", Members: []noren.MemberPatch{{
		ID: 1, Code: noren.Set("会員一"), Email: noren.Set("none"), Status: noren.Set(noren.Lost), Sex: noren.Set(noren.OtherSex),
	}}}
	if _, err := b.Shop.Apply(b.Ctx, shop); err != nil {
		t.Fatal(err)
	}
	apptest.Same(t, "as it is", []string{"done: 0 0 2 0"},
		apptest.Imported(t, b, b.Caller, noren.ImportMembers, apptest.ImportFile("code,email,status", "会員一,none,LOST", "会員一,,")))
	apptest.Same(t, "another bad one", []string{"done: 0 0 0 1", "2 email form nothing"},
		apptest.Imported(t, b, b.Caller, noren.ImportMembers, apptest.ImportFile("code,email", "会員一,nothing")))
	recore := apptest.ImportFile("code,status", "会員一,TENTATIVE")
	recore.View = noren.ReCOREView
	apptest.Same(t, "in ReCORE's words", []string{"done: 0 0 1 0"}, apptest.Imported(t, b, b.Caller, noren.ImportMembers, recore))
	smaregi := apptest.ImportFile("code,sex,status", "会員一,0,2")
	smaregi.View = noren.SmaregiView
	apptest.Same(t, "in Smaregi's words", []string{"done: 0 0 1 0"}, apptest.Imported(t, b, b.Caller, noren.ImportMembers, smaregi))
	apptest.Same(t, "in our own", []string{"done: 0 1 0 0"}, apptest.Imported(t, b, b.Caller, noren.ImportMembers, apptest.ImportFile("code,status", "会員一,TENTATIVE")))
}

// TestImportGivesUpAndTakes: a value that one line gives up is not free for a line close behind, whatever their order.
func TestImportGivesUpAndTakes(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	f := apptest.ImportFile("id,code,alias_code", "1,X1,B1", ",M1,", "2,M1,A1")
	apptest.Same(t, "at first", []string{"done: 0 1 0 2", "3 code taken M1", "4 code taken M1", "4 alias_code taken A1"},
		apptest.Imported(t, b, b.Caller, noren.ImportMembers, f))
	apptest.Same(t, "again", []string{"done: 1 0 1 1", "4 code taken M1"}, apptest.Imported(t, b, b.Caller, noren.ImportMembers, f))
	b.Sound(t)
}

func TestImportProductsAndStock(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	products := apptest.ImportFile("id,code,name", ",P1,緑茶", "500,P2,ほうじ茶", ",P1,煎茶", ",P3,", ",,無名", ",日本,x", "500,P1,", ",P4,湯呑", "500,,番茶")
	apptest.Same(t, "products", []string{
		"done: 3 0 0 6", "4 name contradicts 煎茶", "5 name missing ", "6 code missing ", "7 code form 日本", "8 code contradicts P1",
		"10 name contradicts 番茶",
	}, apptest.Imported(t, b, b.Caller, noren.ImportProducts, products))
	list, err := b.Stock.Products(b.Ctx, b.Caller, noren.CatalogueFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range list.Items {
		names = append(names, fmt.Sprint(p.ID, p.Code, p.Name))
	}
	apptest.Same(t, "the catalogue", []string{"500P2ほうじ茶", "501P1緑茶", "502P4湯呑"}, names)

	stock := apptest.ImportFile("product,store,amount,memo", `P1,本店,"x",`, "P1,本店,10,棚", "P2,2,-5,", "501,支店,1200,", "P9,本店,1,", "P1,本店,10,", "P4,東京,1000000000,", "P4,,1,", "P1,本店,12,")
	apptest.Same(t, "stock", []string{
		"done: 3 0 1 5", `2 amount not_number "x"`, "6 product product_unknown P9",
		"8 amount out_of_range 1000000000", "9 store missing ", "10 amount contradicts 12",
	}, apptest.Imported(t, b, b.Caller, noren.ImportStock, stock))
	moved, err := b.Stock.Movements(b.Ctx, b.Caller, noren.MovementFilter{StockKey: noren.StockKey{ProductID: 501, StoreID: 1}})
	if err != nil || len(moved.Items) != 1 {
		t.Fatalf("movements %+v, %v", moved, err)
	}
	if m := moved.Items[0]; m.Delta != 10 || m.Division != noren.StockDivisionImport || *m.Memo != "棚" {
		t.Errorf("the first movement: %+v", m)
	}
	apptest.Same(t, "audit entries of stock", 1, len(b.Audited(t, "stock")))
	b.Sound(t)
}

func TestImportPurchases(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	if _, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", Members: []noren.MemberPatch{
		{ID: 1, Email: noren.Set("Hanako@example.com")},
		{ID: 2, ShopifyCustomerID: noren.Set("6757085806881"), Email: noren.Set("two@example.com")},
		{ID: 3, Email: noren.Set("two@example.com")},
	}}); err != nil {
		t.Fatal(err)
	}
	const header = "id,member,member_id,shopify_customer_id,email,amount,at,currency,refund_of"
	f := apptest.ImportFile(header,
		"o1,M1,,,,1200,2026-01-10T10:00:00+09:00,,",
		"o2,,2,,,¥300,2026-01-11 09:30,JPY,",
		"o3,,,6757085806881,,４５０,2026/1/12,,",
		"o4,,,,hanako@EXAMPLE.com,50円,2026-01-12 10:00:01,,",
		"r1,,,,,200,,,o1",
		"o5,M9,,,,1,2026-01-12,,",
		"o6,,,,two@example.com,1,2026-01-12,,",
		"o7,M1,,,,12.5,2026-01-12,,",
		"o8,M1,,,,1,2027-01-12,,",
		"o9,M1,,,,1,yesterday,,",
		"o10,M1,,,,1,2026-01-12,USD,",
		",M1,,,,,,,",
		"o12,,,,,1,2026-01-12,,",
		"o1,M1,,,,1201,2026-01-10T10:00:00+09:00,,",
		"o14,M1,,,,-5,2026-01-12,,",
		"cancelled,,,,,5,,,o2",
	)
	problems := []string{
		"7 member member_unknown M9", "8 email ambiguous two@example.com", "9 amount fraction 12.5",
		"10 at future 2027-01-12T00:00:00+09:00", "11 at not_time yesterday", "12 currency currency USD",
		"13 id missing ", "13 amount missing ", "13 at missing ", "14 member missing ", "15 id differs o1",
		"16 amount negative -5", "17 id taken cancelled",
	}
	got := apptest.Imported(t, b, b.Caller, noren.ImportPurchases, f)
	apptest.Same(t, "purchases", append([]string{"done: 5 0 0 11"}, problems...), got)
	apptest.Same(t, "again", append([]string{"done: 0 0 5 11"}, problems...), apptest.Imported(t, b, b.Caller, noren.ImportPurchases, f))
	list, err := b.Purchases.List(b.Ctx, b.Caller, noren.PurchaseFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var stored []string
	for _, p := range list.Items {
		stored = append(stored, fmt.Sprint(p.Source, " ", p.ExternalID, " ", p.MemberID, " ", p.Credited, " ", p.PaidAt.Format("0102 15:04")))
	}
	slices.Sort(stored)
	apptest.Same(t, "stored", []string{
		"csv o1 1 1000 0110 01:00", "csv o2 2 300 0111 00:30", "csv o3 2 450 0111 15:00", "csv o4 1 50 0112 01:00",
	}, stored)
	// The same ids of another source are other purchases; previewing them changes nothing.
	draft, err := b.Imports.Draft(b.Ctx, b.Caller, noren.ImportPurchases, f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{Source: "pos"})
	if err != nil || p.Created != 5 || p.Refused != 11 || p.Import.Source != "pos" {
		t.Errorf("the preview: %+v, %v", p, err)
	}
	if _, err := b.Imports.Draft(b.Ctx, b.InStore(1), noren.ImportPurchases, f); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("of a caller restricted to one store: %v", err)
	}
	b.Sound(t)
}

// TestImportTakesAnyText puts odd texts into every field of every kind: each line is accepted or refused, never an
// error.
func TestImportTakesAnyText(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	apptest.Imported(t, b, b.Caller, noren.ImportProducts, apptest.ImportFile("code,name", "1,茶"))
	odd := []string{
		"1", "0", "-1", "９", "00000000000000000001", "99999999999999999999", "1e9", "NaN", "1.5", ".", "-", "--", "\u202e", "'", `"`, `\`, "%", "'; DROP",
		"2026-01-31", "2026-13-01", "0000-00-00", "9999-12-31", "10000-01-01", "2026-01-31T00:00:00Z", "本店", "bronze", "😀", "\uffff", "true", "¥", "円",
		"1 200", "1,200", strings.Repeat("長", 2000), "a@b", "+81", "LEFT", "男",
	}
	for _, kind := range noren.ImportKinds() {
		f := noren.ImportFile{Name: "a\x00\xff.csv", Lines: func(yield func(noren.ImportLine, error) bool) {
			n := 1
			for field := range imports.ImportFields(kind) {
				for _, text := range odd {
					cells := make([]string, len(imports.ImportFields(kind)))
					for i := range cells {
						cells[i] = "1" // what the other fields need
					}
					cells[field] = text
					if n++; !yield(noren.ImportLine{Number: n, Cells: cells}, nil) {
						return
					}
				}
			}
		}}
		for _, field := range imports.ImportFields(kind) {
			f.Header, f.Fields = append(f.Header, field.Name), append(f.Fields, field.Name)
		}
		draft, err := b.Imports.Draft(b.Ctx, b.Caller, kind, f)
		if err != nil || draft.FileName != "a\ufffd.csv" {
			t.Fatalf("%s: %q, %v", kind, draft.FileName, err)
		}
		if _, err := b.Imports.Preview(b.Ctx, b.Caller, draft.ID, imports.Setup{}); err != nil {
			t.Errorf("%s, previewed: %v", kind, err)
		}
		if _, err := b.Imports.Start(b.Ctx, b.Caller, draft.ID, imports.Setup{}); err != nil {
			t.Fatal(err)
		}
		i := apptest.RunImport(t, b, b.Caller, draft.ID)
		if i.State != noren.ImportDone || i.Refused == 0 || i.Processed != len(f.Header)*len(odd) {
			t.Errorf("%s: %+v", kind, i)
		}
		apptest.ImportProblems(t, b, b.Caller, draft.ID)
	}
	b.Sound(t)
}

// A file of Smaregi names ranks by code and by name. Where one of them is not known the other counts; a line whose two are different ranks
// is refused.
func TestImportRankCodes(t *testing.T) {
	t.Parallel()
	b := apptest.Setup(t)
	_, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_ranks", Ranks: []noren.Rank{
		{ID: 7, Code: "10", Name: "Bronze"}, {ID: 8, Code: "20", Name: "Silver"}, {ID: 9, Name: "Gold"},
	}, StaffRanks: []noren.StaffRank{{ID: 3, Code: "A", Name: "社員"}}})
	if err != nil {
		t.Fatal(err)
	}
	tenant, err := b.Access.TenantByContract(b.Ctx, "sb_ranks")
	if err != nil {
		t.Fatal(err)
	}
	by := noren.Caller{Tenant: tenant, Login: "admin"}
	apptest.Same(t, "codes and names", []string{"done: 5 0 0 2", "3 rank twice Silver", "8 rank_code rank_unknown 99"}, apptest.Imported(t, b, by, noren.ImportMembers,
		apptest.ImportFile("code,rank_code,rank,staff_rank_code",
			"C1,20,Silver,a", "C2,10,Silver,", "C3,99,Gold,", "C4,gold,,社員", "C5,,20,", "C6,,9,", "C7,99,,")))
	found, err := b.Members.List(b.Ctx, by, noren.MemberFilter{Sort: []noren.Sort{{Column: "code"}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range found.Items {
		got = append(got, fmt.Sprint(m.Code, " ", noren.Deref(m.RankID), " ", noren.Deref(m.StaffRankID)))
	}
	if want := []string{"C1 8 3", "C3 9 0", "C4 9 3", "C5 8 0", "C6 9 0"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
