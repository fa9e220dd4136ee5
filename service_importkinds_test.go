package noren_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"noren"
)

func TestImportMembers(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const header = "id,code,last_name,phone,birth_date,status,rank,store,mail_opt_out,point_unit_price,point_unit,minimum_rank,skip_next_check"
	f := file(header,
		"1,,山田,０３−1234−5678,1990/1/2,,silver,本店,1,,,bronze,1",
		",M2,,,,LEFT,1,,,100,1.5,,",
		",NEW1,鈴木,090,19900102,利用停止,,,0,,,,",
		"77,,,,,,,,,,,,",
		",NEW1,佐藤,,,,,,,,,,",
		"2,M2,,,,,,,,,,,",
	)
	same(t, "the import", []string{"done: 2 3 1 0"}, b.imported(t, b.caller, noren.ImportMembers, f))
	one := b.member(t, "M1")
	if *one.LastName != "山田" || *one.Phone != "03-1234-5678" || *one.BirthDate != "1990-01-02" || *one.RankID != 2 || *one.StoreID != 1 ||
		one.MailOptIn || *one.MinimumRankID != 1 || !one.SkipNextCheck || *one.AliasCode != "A1" || one.Status != noren.Active {
		t.Errorf("member 1: %+v", one)
	}
	two := b.member(t, "M2")
	if two.Status != noren.Left || *two.LeaveDate != "2026-01-31" || *two.RankID != 1 || *two.PointUnitPrice != 100 || *two.PointUnit != 150 {
		t.Errorf("member 2: %+v", two)
	}
	made := b.member(t, "NEW1")
	if *made.LastName != "佐藤" || *made.Phone != "090" || made.Status != noren.Suspended || !made.MailOptIn || made.ID <= 3 {
		t.Errorf("the new member: %+v", made)
	}
	b.view(t, func(tx noren.Tx) error {
		found, err := tx.MembersByID(b.ctx, []int64{77}, false)
		if len(found) != 1 || len(found[0].Code) != 12 {
			t.Errorf("member 77: %+v", found)
		}
		return err
	})
	same(t, "audit entries of members", 4, len(b.audited(t, "member")))
	same(t, "audit entries of the import", 1, len(b.audited(t, "import")))
	// A second time nothing changes, but for the line that another line of the file contradicts.
	same(t, "again", []string{"done: 0 2 4 0"}, b.imported(t, b.caller, noren.ImportMembers, f))
	b.sound(t)
}

// TestImportRefusesLineByLine: each bad line is refused with every reason, and the good ones between take effect.
func TestImportRefusesLineByLine(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := file("id,code,alias_code,last_name,email,birth_date,sex,status,leave_date,rank_id,store_id,point_unit_price,address,address1,line_user_id",
		"1,,,甲,,,,,,,,,,,",
		"0,,,,a b,2026-02-30,X,GONE,,,,,,,",
		",日本,,"+strings.Repeat("長", 86)+",,,,,,,,,,,",
		"2,,,,,,,ACTIVE,2026-01-01,,,,,,",
		"2,,,,,,,,,9,9,,,,",
		"2,,,,,,,,,,,5,住所,一,",
		"2,,A1,,,,,,,,,,,,",
		",N1,A9,乙,,,,,,,,,,,",
		",N2,A9,,,,,,,,,,,,",
		"3,,,丙,,,,,,,,,,,U1",
		"3,,,丁,,,,,,,,,,,",
	)
	same(t, "the import", []string{
		"done: 1 2 0 8",
		"3 id out_of_range 0", "3 email form a b", "3 birth_date not_date 2026-02-30", "3 sex unknown_word X", "3 status unknown_word GONE",
		"4 code form 日本", "4 last_name too_long " + strings.Repeat("長", 60) + "…",
		"5 leave_date active_leave_date ",
		"6 rank rank_unknown ", "6 store_id store_unknown 9",
		"7 point_unit unit_pair ", "7 address twice ",
		"8 alias_code taken A1",
		"10 alias_code taken A9",
		"11 line_user_id form U1",
	}, b.imported(t, b.caller, noren.ImportMembers, f))
	if m := b.member(t, "M3"); *m.LastName != "丁" || m.LineUserID != nil {
		t.Errorf("member 3: %+v", m)
	}
	b.sound(t)
}

// TestImportTakesBackWhatIsStored: a value that breaks a rule is no problem where it is what the member has.
func TestImportTakesBackWhatIsStored(t *testing.T) {
	t.Parallel()
	b := setup(t)
	shop := noren.Shop{Contract: "sb_test", Members: []noren.MemberPatch{{
		ID: 1, Code: noren.Set("会員一"), Email: noren.Set("none"), Status: noren.Set(noren.Lost), Sex: noren.Set(noren.OtherSex),
	}}}
	if _, err := b.ApplyShop(b.ctx, shop); err != nil {
		t.Fatal(err)
	}
	same(t, "as it is", []string{"done: 0 0 2 0"},
		b.imported(t, b.caller, noren.ImportMembers, file("code,email,status", "会員一,none,LOST", "会員一,,")))
	same(t, "another bad one", []string{"done: 0 0 0 1", "2 email form nothing"},
		b.imported(t, b.caller, noren.ImportMembers, file("code,email", "会員一,nothing")))
	recore := file("code,status", "会員一,TENTATIVE")
	recore.View = noren.ReCOREView
	same(t, "in ReCORE's words", []string{"done: 0 0 1 0"}, b.imported(t, b.caller, noren.ImportMembers, recore))
	smaregi := file("code,sex,status", "会員一,0,2")
	smaregi.View = noren.SmaregiView
	same(t, "in Smaregi's words", []string{"done: 0 0 1 0"}, b.imported(t, b.caller, noren.ImportMembers, smaregi))
	same(t, "in our own", []string{"done: 0 1 0 0"}, b.imported(t, b.caller, noren.ImportMembers, file("code,status", "会員一,TENTATIVE")))
}

// TestImportGivesUpAndTakes: a value that one line gives up is not free for a line close behind, whatever their order.
func TestImportGivesUpAndTakes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	f := file("id,code,alias_code", "1,X1,B1", ",M1,", "2,M1,A1")
	same(t, "at first", []string{"done: 0 1 0 2", "3 code taken M1", "4 code taken M1", "4 alias_code taken A1"},
		b.imported(t, b.caller, noren.ImportMembers, f))
	same(t, "again", []string{"done: 1 0 1 1", "4 code taken M1"}, b.imported(t, b.caller, noren.ImportMembers, f))
	b.sound(t)
}

func TestImportProductsAndStock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	products := file("id,code,name", ",P1,緑茶", "500,P2,ほうじ茶", ",P1,煎茶", ",P3,", ",,無名", ",日本,x", "500,P1,", ",P4,湯呑", "500,,番茶")
	same(t, "products", []string{
		"done: 3 2 0 4", "5 name missing ", "6 code missing ", "7 code form 日本", "8 code taken P1",
	}, b.imported(t, b.caller, noren.ImportProducts, products))
	list, err := b.Products(b.ctx, b.caller, noren.CatalogueFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, p := range list.Items {
		names = append(names, fmt.Sprint(p.ID, p.Code, p.Name))
	}
	same(t, "the catalogue", []string{"500P2番茶", "501P1煎茶", "502P4湯呑"}, names)

	stock := file("product,store,amount,memo", `P1,本店,"x",`, "P1,本店,10,棚", "P2,2,-5,", "501,支店,1200,", "P9,本店,1,", "P1,本店,10,", "P4,東京,1000000000,", "P4,,1,", "P1,本店,12,")
	same(t, "stock", []string{
		"done: 3 1 1 4", `2 amount not_number "x"`, "6 product product_unknown P9",
		"8 amount out_of_range 1000000000", "9 store missing ",
	}, b.imported(t, b.caller, noren.ImportStock, stock))
	moved, err := b.Movements(b.ctx, b.caller, noren.MovementFilter{StockKey: noren.StockKey{ProductID: 501, StoreID: 1}})
	if err != nil || len(moved.Items) != 2 {
		t.Fatalf("movements %+v, %v", moved, err)
	}
	if m := moved.Items[0]; m.Delta != 10 || m.Division != noren.StockDivisionImport || *m.Memo != "棚" {
		t.Errorf("the first movement: %+v", m)
	}
	if m := moved.Items[1]; m.Delta != 2 || m.AmountAfter != 12 {
		t.Errorf("the second movement: %+v", m)
	}
	same(t, "audit entries of stock", 4, len(b.audited(t, "stock")))
	b.sound(t)
}

func TestImportPurchases(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.ApplyShop(b.ctx, noren.Shop{Contract: "sb_test", Members: []noren.MemberPatch{
		{ID: 1, Email: noren.Set("Hanako@example.com")},
		{ID: 2, ShopifyCustomerID: noren.Set("6757085806881"), Email: noren.Set("two@example.com")},
		{ID: 3, Email: noren.Set("two@example.com")},
	}}); err != nil {
		t.Fatal(err)
	}
	const header = "id,member,member_id,shopify_customer_id,email,amount,at,currency,refund_of"
	f := file(header,
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
		"7 member member_unknown M9", "8 email ambiguous two@example.com", "9 amount not_number 12.5",
		"10 at future 2027-01-12T00:00:00+09:00", "11 at not_time yesterday", "12 currency currency USD",
		"13 id missing ", "13 amount missing ", "13 at missing ", "14 member member_unknown ", "15 id differs o1",
		"16 amount negative -5", "17 id form cancelled",
	}
	got := b.imported(t, b.caller, noren.ImportPurchases, f)
	same(t, "purchases", append([]string{"done: 5 0 0 11"}, problems...), got)
	same(t, "again", append([]string{"done: 0 0 5 11"}, problems...), b.imported(t, b.caller, noren.ImportPurchases, f))
	list, err := b.Purchases(b.ctx, b.caller, noren.PurchaseFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var stored []string
	for _, p := range list.Items {
		stored = append(stored, fmt.Sprint(p.Source, " ", p.ExternalID, " ", p.MemberID, " ", p.Credited, " ", p.PaidAt.Format("0102 15:04")))
	}
	slices.Sort(stored)
	same(t, "stored", []string{
		"csv o1 1 1000 0110 01:00", "csv o2 2 300 0111 00:30", "csv o3 2 450 0111 15:00", "csv o4 1 50 0112 01:00",
	}, stored)
	// The same ids of another source are other purchases; previewing them changes nothing.
	draft, err := b.DraftImport(b.ctx, b.caller, noren.ImportPurchases, f)
	if err != nil {
		t.Fatal(err)
	}
	p, err := b.PreviewImport(b.ctx, b.caller, draft.ID, noren.ImportSetup{Source: "pos"})
	if err != nil || p.Created != 5 || p.Refused != 11 || p.Import.Source != "pos" {
		t.Errorf("the preview: %+v, %v", p, err)
	}
	if _, err := b.DraftImport(b.ctx, b.inStore(1), noren.ImportPurchases, f); noren.KindOf(err) != noren.Forbidden {
		t.Errorf("of a caller bound to a store: %v", err)
	}
	b.sound(t)
}

// TestImportTakesAnyText puts odd texts into every field of every kind: each line is taken or refused, never an error.
func TestImportTakesAnyText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.imported(t, b.caller, noren.ImportProducts, file("code,name", "1,茶"))
	odd := []string{
		"1", "0", "-1", "９", "00000000000000000001", "99999999999999999999", "1e9", "NaN", "1.5", ".", "-", "--", "\u202e", "'", `"`, `\`, "%", "'; DROP",
		"2026-01-31", "2026-13-01", "0000-00-00", "9999-12-31", "10000-01-01", "2026-01-31T00:00:00Z", "本店", "bronze", "😀", "\uffff", "true", "¥", "円",
		"1 200", "1,200", strings.Repeat("長", 2000), "a@b", "+81", "LEFT", "男",
	}
	for _, kind := range noren.ImportKinds() {
		f := noren.ImportFile{Name: "a\x00\xff.csv", Lines: func(yield func(noren.ImportLine, error) bool) {
			n := 1
			for field := range noren.ImportFields(kind) {
				for _, text := range odd {
					cells := make([]string, len(noren.ImportFields(kind)))
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
		for _, field := range noren.ImportFields(kind) {
			f.Header, f.Fields = append(f.Header, field.Name), append(f.Fields, field.Name)
		}
		draft, err := b.DraftImport(b.ctx, b.caller, kind, f)
		if err != nil || draft.FileName != "a\ufffd.csv" {
			t.Fatalf("%s: %q, %v", kind, draft.FileName, err)
		}
		if _, err := b.PreviewImport(b.ctx, b.caller, draft.ID, noren.ImportSetup{}); err != nil {
			t.Errorf("%s, previewed: %v", kind, err)
		}
		if _, err := b.StartImport(b.ctx, b.caller, draft.ID, noren.ImportSetup{}); err != nil {
			t.Fatal(err)
		}
		i := b.work(t, b.caller, draft.ID)
		if i.State != noren.ImportDone || i.Refused == 0 || i.Processed != len(f.Header)*len(odd) {
			t.Errorf("%s: %+v", kind, i)
		}
		b.problems(t, b.caller, draft.ID)
	}
	b.sound(t)
}
