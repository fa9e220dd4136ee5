package console

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"noren"
	"noren/app/imports"
	"noren/app/shop"
	"noren/csvfile"
)

// TestWhatGoesOutComesBack: an export imports as unchanged in every language and encoding, whatever the members' texts are: nothing is
// refused, and nothing that the file shows otherwise than it is stored is written back.
func TestWhatGoesOutComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	apply := func(s shop.Shop) error {
		s.Contract = contract
		_, err := b.rooms.Shop.Apply(t.Context(), s)
		return err
	}
	// Names and codes of what members belong to, with letters that files trim, lose or take for another.
	if err := apply(shop.Shop{
		Ranks:      []noren.Rank{{ID: 1, Name: "Bronze"}, {ID: 2, Name: "𠮷\u200b", Code: "=2"}, {ID: 3, Name: "🥇", Code: "é"}},
		StaffRanks: []noren.StaffRank{{ID: 1, Name: "店長"}, {ID: 2, Name: "🥈\u00a0", Code: "é2"}, {ID: 3, Name: "𠮷", Code: "03"}},
		Stores: []noren.Store{
			{ID: 1, Code: "001", Name: "本店〜", Kind: noren.StoreShop},
			{ID: 2, Code: "002", Name: "銀座店", Kind: noren.StoreShop},
			{ID: 5, Code: "5", Name: "銀座店", Kind: noren.StoreShop},
			{ID: 6, Code: "6", Name: "No specific store", Kind: noren.StoreShop},
		},
	}); err != nil {
		t.Fatal(err)
	}
	w := b.as("admin")
	caller := b.caller(0)
	rapid.Check(t, func(t *rapid.T) {
		var members []noren.MemberPatch
		for id := range int64(8) {
			members = append(members, drawMember(t, id+1))
		}
		if err := apply(shop.Shop{Members: members}); err != nil {
			t.Fatal(err)
		}
		w.cookies[cookieLanguage] = string(rapid.SampledFrom([]language{japanese, english}).Draw(t, "language"))
		query := rapid.SampledFrom([]string{"", "encoding=shift_jis"}).Draw(t, "query")
		a := w.get("/console/members/export?" + query)
		if a.Code != http.StatusOK {
			t.Fatalf("%q: %d", query, a.Code)
		}
		file, err := csvfile.Read(noren.ImportMembers, "members.csv", a.Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		read := slices.DeleteFunc(exportColumns(), func(column string) bool { return strings.HasSuffix(column, "_at") })
		if mapped := len(slices.DeleteFunc(slices.Clone(file.Fields), func(f string) bool { return f == "" || f == "lost" })); mapped != len(read) {
			t.Fatalf("%q: columns are read as %q", query, file.Fields)
		}
		draft, err := b.rooms.Imports.Draft(b.Context(), caller, noren.ImportMembers, file)
		if err != nil {
			t.Fatal(err)
		}
		p, err := b.rooms.Imports.Preview(b.Context(), caller, draft.ID, imports.Setup{})
		if err != nil {
			t.Fatal(err)
		}
		if p.Unchanged != len(members) || p.Judged != len(members) || p.Told != 0 {
			t.Fatalf("%s %q: %d of %d unchanged; changes %+v, refused %+v, told %+v\n%q",
				w.cookies[cookieLanguage], query, p.Unchanged, p.Judged, p.Fields, p.Problems, p.Remarks, a.Body)
		}
	})
}

// TestEveryColumnIsExported: what a member has is in the export, and its codes are worded as everywhere.
func TestEveryColumnIsExported(t *testing.T) {
	t.Parallel()
	for _, c := range noren.MemberColumns() {
		if !slices.Contains(exportColumns(), c.Name) {
			t.Errorf("the export lacks %s", c.Name)
		}
	}
	words, err := vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	for value, w := range csvfile.ValueWords() {
		key := "status." + value
		switch noren.Sex(value) {
		case noren.SexUnknown:
			key = "sex.unknown"
		case noren.Male, noren.Female, noren.OtherSex:
			key = "sex." + value
		}
		switch value {
		case "true":
			key = "value.yes"
		case "false":
			key = "value.no"
		}
		if words[key] != (text{w.Japanese, w.English}) {
			t.Errorf("%s is %v in the console and %v in files", value, words[key], w)
		}
	}
}

// oddRunes are characters that get lost, are cut off, or mean something in files.
var oddRunes = []rune("山𠮷髙あｱﾞaZ 　\u00a0\t\r\n\u200b\ufeff\u0085\u00ad\ufffd\ue000\"',;=＝+-−@〓〜～‖∥¥￥\\~‾—―¢£¬éß①Ⅲ🥇090１.(E")

// drawMember draws a member with texts that the stored form allows.
func drawMember(t *rapid.T, id int64) noren.MemberPatch {
	free := rapid.Custom(func(t *rapid.T) string {
		return rapid.OneOf(
			rapid.StringOfN(rapid.SampledFrom(oddRunes), 1, 6, -1),
			rapid.StringOfN(rapid.Rune().Filter(func(r rune) bool { return r != 0 }), 1, 6, -1),
			rapid.SampledFrom([]string{"山田 花子", "\t", "\r", "'", "'=1", `="A0012"`, "4.9E+12", "全店舗", "All stores", "〓", "-"}),
		).Draw(t, "text")
	})
	printable := rapid.OneOf(
		rapid.StringOfN(rapid.RuneFrom([]rune(" 0123456789-+()=@'\"aZ.,E~\\")), 1, 8, -1),
		rapid.SampledFrom([]string{"9012345678", "600001", "4.9E+12", "0312345678", " ", `="A0012"`, "'+81"}),
	)
	text := func(name string, of *rapid.Generator[string]) noren.Field[string] {
		if rapid.IntRange(0, 4).Draw(t, name+" is null") == 0 {
			return noren.Null[string]()
		}
		return noren.Set(of.Draw(t, name))
	}
	mail := rapid.Custom(func(t *rapid.T) string {
		letter := rapid.SampledFrom([]rune("aé=+-'\"\u200b\ufeff🥇〓〜ａ.,"))
		return rapid.StringOfN(letter, 1, 4, -1).Draw(t, "local") + "@" + rapid.StringOfN(letter, 1, 4, -1).Draw(t, "host")
	})
	day := func(name string) noren.Field[noren.Date] {
		return rapid.SampledFrom([]noren.Field[noren.Date]{noren.Null[noren.Date](), noren.Set(noren.Date("1990-01-02"))}).Draw(t, name)
	}
	status := rapid.SampledFrom([]noren.Status{
		noren.Tentative, noren.Active, noren.Suspended, noren.Lost, noren.Left, noren.Merged,
	}).Draw(t, "status")
	m := noren.MemberPatch{
		ID: id, Code: noren.Set(rapid.SampledFrom([]string{"C%d", " %d", "=%d", "0%d", "'%d ", "%d.9E+12"}).Draw(t, "code")),
		CustomerNo: text("customer_no", printable), LastName: text("last_name", free), FirstName: text("first_name", free),
		LastKana: text("last_kana", free), FirstKana: text("first_kana", free), Company: text("company", free),
		Phone: text("phone", printable), Mobile: text("mobile", printable), Email: text("email", mail), PostalCode: text("postal_code", printable),
		Prefecture: text("prefecture", free), Address1: text("address1", free), Address2: text("address2", free),
		MailOptIn: noren.Set(rapid.Bool().Draw(t, "mail_opt_in")), BirthDate: day("birth_date"), EntryDate: day("entry_date"),
		Sex:    noren.Set(rapid.SampledFrom([]noren.Sex{noren.SexUnknown, noren.Male, noren.Female, noren.OtherSex}).Draw(t, "sex")),
		Status: noren.Set(status), Rank: noren.Null[noren.Ref](),
		Store: rapid.SampledFrom([]noren.Field[int64]{noren.Null[int64](), noren.Set(int64(1)), noren.Set(int64(2)), noren.Set(int64(5))}).Draw(t, "store"),
	}
	code, _ := m.Code.Value()
	m.Code = noren.Set(fmt.Sprintf(code, id))
	if rank := rapid.Int64Range(0, 3).Draw(t, "rank"); rank != 0 {
		m.Rank = noren.Set(noren.Ref{ID: rank})
	}
	drawRest(t, id, &m, text, free, printable, mail)
	if m.LeaveDate = noren.Null[noren.Date](); status == noren.Left {
		m.LeaveDate = noren.Set(noren.Date("2026-03-31"))
	}
	return m
}

// drawRest draws what a member has beside names, contacts and ranks.
func drawRest(
	t *rapid.T, id int64, m *noren.MemberPatch, text func(string, *rapid.Generator[string]) noren.Field[string],
	free, printable, mail *rapid.Generator[string],
) {
	one := func(name string, values ...string) noren.Field[string] { return text(name, rapid.SampledFrom(values)) }
	// Two members have no alias code or customer of Shopify in common.
	m.AliasCode = text("alias_code", rapid.Map(free, func(s string) string { return s + strings.Repeat("A", int(id)) + "|" + number(id) }))
	m.ShopifyCustomerID = one("shopify_customer_id", "0"+number(id), "67570858068"+number(id))
	m.LineUserID = one("line_user_id", "U"+strings.Repeat("a1", 16))
	m.Fax, m.Email2, m.Email3 = text("fax", printable), text("email2", mail), text("email3", mail)
	m.Department, m.Position, m.Occupation = text("department", free), text("position", free), text("occupation", free)
	m.Note, m.Note2, m.Favorites, m.Browsing = text("note", free), text("note2", free), text("favorites", free), text("browsing", free)
	m.AlphabetName, m.Nationality = text("alphabet_name", free), text("nationality", free)
	m.PassportNo, m.PIN, m.InvoiceNumber = text("passport_no", free), text("pin", free), text("invoice_number", free)
	m.BankCode, m.BankBranchCode, m.BankAccountNumber = one("bank_code", "0001", "1234"), one("branch", "001", "999"), one("account", "0000001", "1234567")
	m.BankAccountName = one("bank_account_name", "ﾔﾏﾀﾞ ﾊﾅｺ", "カ）ノレン", "=(A)", " ー")
	m.IsInvoiceProvider, m.SkipNextCheck = noren.Set(rapid.Bool().Draw(t, "invoice")), noren.Set(rapid.Bool().Draw(t, "skip"))
	m.PointUnitPrice, m.PointUnit = noren.Null[int64](), noren.Null[noren.Hundredths]()
	if rapid.Bool().Draw(t, "point unit") {
		m.PointUnitPrice = noren.Set(rapid.Int64Range(1, noren.MaxUnitPrice).Draw(t, "price"))
		m.PointUnit = noren.Set(noren.Hundredths(rapid.Int64Range(0, noren.MaxUnit).Draw(t, "unit")))
	}
	m.StaffRank, m.MinimumRank = noren.Null[noren.Ref](), noren.Null[noren.Ref]()
	if rank := rapid.Int64Range(0, 3).Draw(t, "staff rank"); rank != 0 {
		m.StaffRank = noren.Set(noren.Ref{ID: rank})
	}
	if rank := rapid.Int64Range(0, 3).Draw(t, "minimum rank"); rank != 0 {
		m.MinimumRank = noren.Set(noren.Ref{ID: rank})
	}
}
