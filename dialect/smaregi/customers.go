package smaregi

import (
	"context"

	"noren"
	"noren/web"
	"noren/wire"
)

// Limits of texts, in characters. Those of names, address, codes and post code are printed on POST /customers/bulk; the
// others are not printed and were chosen (README.md, Decisions). They are the domain's unless another dialect documents
// a wider one.
const (
	maxCode     = noren.MaxMemberCode
	maxName     = noren.MaxMemberName
	maxAddress  = 85
	maxPostCode = noren.MaxMemberPostal
	maxMail     = 100
	maxNote     = noren.MaxMemberNote
)

// maxCustomerID has the documented 10 digits; maxStoreID has 9.
const (
	maxCustomerID = noren.MaxMemberID
	maxStoreID    = noren.MaxStoreID
)

// patch is short for the type in the table below.
type patch = noren.MemberPatch

// textField is a text of a member that can be cleared.
func textField(name string, ref func(*patch) *noren.Field[string], most int, label string) wire.Field[patch] {
	return wire.Text(name, wire.To(ref)).AtMost(most).OrNull().Says(label, "")
}

// customerTable has the fields of the rows of PATCH /customers/bulk, in the order of the document's example.
func customerTable() wire.Table[patch] {
	return wire.NewTable(
		wire.Integer("customerId", wire.ToValue(func(p *patch) *int64 { return &p.ID })).Between(1, maxCustomerID).Must().
			Says("会員ID", "1"),
		// Names and codes: limits and patterns as printed on POST /customers/bulk.
		textField("customerNo", func(p *patch) *noren.Field[string] { return &p.CustomerNo }, maxCode, "会員番号").Like(printablePattern()),
		// Ranks are given by code or name here and looked up when the request is applied, because they may change until then.
		wire.Text("rank", toRef(func(p *patch) *noren.Field[noren.Ref] { return &p.Rank })).AtMost(maxCode).OrNull().
			Says("会員ランク (コードまたは名称)", ""),
		wire.Text("staffRank", toRef(func(p *patch) *noren.Field[noren.Ref] { return &p.StaffRank })).AtMost(maxCode).OrNull().
			Says("社員ランク (コードまたは名称)。会員本部連携を行う契約では常にnullになります。", ""),
		// The names are required on POST, and no note allows null here.
		wire.Text("firstName", wire.To(func(p *patch) *noren.Field[string] { return &p.FirstName })).AtMost(maxName).Says("名", "花子"),
		wire.Text("lastName", wire.To(func(p *patch) *noren.Field[string] { return &p.LastName })).AtMost(maxName).Says("姓", "山田"),
		textField("firstKana", func(p *patch) *noren.Field[string] { return &p.FirstKana }, maxName, "フリガナ(名)").Like(kanaPattern()),
		textField("lastKana", func(p *patch) *noren.Field[string] { return &p.LastKana }, maxName, "フリガナ(姓)").Like(kanaPattern()),
		textField("postCode", func(p *patch) *noren.Field[string] { return &p.PostalCode }, maxPostCode, "郵便番号"),
		textField("address", func(p *patch) *noren.Field[string] { return &p.Address }, maxAddress, "住所"),
		textField("phoneNumber", func(p *patch) *noren.Field[string] { return &p.Phone }, maxCode, "電話番号").Like(phonePattern()),
		textField("faxNumber", func(p *patch) *noren.Field[string] { return &p.Fax }, maxCode, "FAX番号").Like(phonePattern()),
		// The page is cut off after the label; the rule of its neighbours is used.
		textField("mobileNumber", func(p *patch) *noren.Field[string] { return &p.Mobile }, maxCode, "携帯電話番号").Like(phonePattern()),
		mailField("mailAddress", func(p *patch) *noren.Field[string] { return &p.Email }, "メールアドレス"),
		mailField("mailAddress2", func(p *patch) *noren.Field[string] { return &p.Email2 }, "メールアドレス2"),
		mailField("mailAddress3", func(p *patch) *noren.Field[string] { return &p.Email3 }, "メールアドレス3"),
		// The next three are only printed as strings; managerialPosition is not a flag.
		textField("companyName", func(p *patch) *noren.Field[string] { return &p.Company }, maxName, "会社名"),
		textField("departmentName", func(p *patch) *noren.Field[string] { return &p.Department }, maxName, "部署名"),
		textField("managerialPosition", func(p *patch) *noren.Field[string] { return &p.Position }, maxName, "役職"),
		// The domain's OTHER has no word here: it is shown as 0, and writing 0 back leaves it unchanged.
		wire.Enum("sex", sexes(), wire.To(func(p *patch) *noren.Field[noren.Sex] { return &p.Sex })).Says("性別 (0:不明、1:男、2:女)", "0"),
		dateField("birthDate", func(p *patch) *noren.Field[noren.Date] { return &p.BirthDate }, "生年月日"),
		dateField("entryDate", func(p *patch) *noren.Field[noren.Date] { return &p.EntryDate }, "入会日"),
		dateField("leaveDate", func(p *patch) *noren.Field[noren.Date] { return &p.LeaveDate }, "退会日"),
		// The limits are those of the documents' generated examples: five digits, and 99999.99.
		wire.Integer("pointGivingUnitPrice", wire.To(func(p *patch) *noren.Field[int64] { return &p.PointUnitPrice })).
			Between(1, noren.MaxUnitPrice).OrNull().Says("ポイント付与単位(金額)。値を指定した場合、ポイント付与単位(ポイント)も必須", "12345"),
		wire.Decimal("pointGivingUnit", wire.To(func(p *patch) *noren.Field[noren.Hundredths] { return &p.PointUnit })).
			Between(0, noren.MaxUnit).OrNull().Says("ポイント付与単位(ポイント)。値を指定した場合、ポイント付与単位(金額)も必須", "99999.99"),
		textField("pinCode", func(p *patch) *noren.Field[string] { return &p.PIN }, maxCode, "PINコード"),
		textField("passportNo", func(p *patch) *noren.Field[string] { return &p.PassportNo }, maxCode, "旅券番号"),
		textField("nationality", func(p *patch) *noren.Field[string] { return &p.Nationality }, maxName, "国籍"),
		textField("alphabetName", func(p *patch) *noren.Field[string] { return &p.AlphabetName }, maxName, "アルファベット氏名"),
		wire.Enum("mailReceiveFlag", flags(), wire.To(func(p *patch) *noren.Field[bool] { return &p.MailOptIn })).
			Says("案内メール受取許可フラグ (0:拒否、1:許可)", "0"),
		textField("note", func(p *patch) *noren.Field[string] { return &p.Note }, maxNote, "備考"),
		textField("note2", func(p *patch) *noren.Field[string] { return &p.Note2 }, maxNote, "備考2"),
		textField("favoriteList", func(p *patch) *noren.Field[string] { return &p.Favorites }, maxNote, "お気に入りリスト (商品コードをカンマ区切り)"),
		textField("browsingList", func(p *patch) *noren.Field[string] { return &p.Browsing }, maxNote, "閲覧履歴リスト (商品コードをカンマ区切り)"),
		// The domain checks the pair of status and leaveDate, here and again against stored data.
		wire.Enum("status", statuses(), wire.To(func(p *patch) *noren.Field[noren.Status] { return &p.Status })).
			Says("会員状態区分 (0:利用可、1:利用停止、2:紛失、3:退会、4:名寄せ)", "0"),
		// Whether the store exists and is a shop is checked when the request is applied.
		wire.Integer("storeId", wire.To(func(p *patch) *noren.Field[int64] { return &p.Store })).Between(1, maxStoreID).OrNull().
			Says("対象店舗ID。nullは全店舗。倉庫、受注店舗は指定不可", "1"),
	)
}

// mailField is an e-mail address. The documents print no limit for it, only an example.
func mailField(name string, ref func(*patch) *noren.Field[string], label string) wire.Field[patch] {
	return textField(name, ref, maxMail, label).Like(mailPattern()).Says(label, "test@example.com", "email")
}

// dateField is a day that can be cleared.
func dateField(name string, ref func(*patch) *noren.Field[noren.Date], label string) wire.Field[patch] {
	return wire.Date(name, wire.To(ref)).OrNull().Says(label, "2000-01-23", "date")
}

// toRef sets a reference to a rank, which this API gives by its code, and by name where no rank has that code.
func toRef(ref func(*patch) *noren.Field[noren.Ref]) wire.Setter[patch, string] {
	return func(p *patch, v noren.Field[string]) {
		// The table calls a setter only for a key that was sent, so what is no value is null.
		if code, ok := v.Value(); ok {
			*ref(p) = noren.Set(noren.Ref{Code: code})
		} else {
			*ref(p) = noren.Null[noren.Ref]()
		}
	}
}

// sexes, flags and statuses are this API's words, for reading requests and writing responses.
func sexes() []wire.Choice[noren.Sex] {
	return []wire.Choice[noren.Sex]{{Word: "0", Means: noren.SexUnknown}, {Word: "1", Means: noren.Male}, {Word: "2", Means: noren.Female}}
}

// flags are the words of mailReceiveFlag (案内メール受取許可フラグ).
func flags() []wire.Choice[bool] {
	return []wire.Choice[bool]{{Word: "0", Means: false}, {Word: "1", Means: true}}
}

// statuses are the words of 会員状態区分. TENTATIVE has none: the dialect's view shows it as 1, and writing 1 back leaves it
// unchanged.
func statuses() []wire.Choice[noren.Status] {
	return []wire.Choice[noren.Status]{
		{Word: "0", Means: noren.Active},
		{Word: "1", Means: noren.Suspended},
		{Word: "2", Means: noren.Lost},
		{Word: "3", Means: noren.Left},
		{Word: "4", Means: noren.Merged},
	}
}

// patchCustomers is PATCH /customers/bulk 会員一括更新.
func (d *Dialect) patchCustomers(ctx context.Context, x *web.Request) (web.Answer, error) {
	words := customerWords()
	e, rows, err := d.readBulk(x.Body, words)
	if err != nil {
		return web.Answer{}, err
	}
	// Required columns are a setting of the contract (会員必須項目設定), so the table differs between contracts.
	patches, err := decodeRows(rows, d.customers.Requiring(x.Caller.Tenant.RequiredColumns), words)
	if err != nil {
		return web.Answer{}, err
	}
	// What a status, a sex or an address means depends on what this API shows of the stored one.
	for i := range patches {
		patches[i].View = noren.SmaregiView
	}
	return d.accept(ctx, x, words, e, noren.BulkRows{Members: patches})
}
