package recore

import (
	"noren"
	"noren/wire"
)

// maxID is the largest id that every client can represent: JavaScript's numbers are exact up to 2^53 - 1.
const maxID = 1<<53 - 1

// patch is short for the type in the tables below.
type patch = noren.MemberPatch

// textField is a text of a member that can be cleared; most is its limit in characters, 0 for none.
func textField(name string, ref func(*patch) *noren.Field[string], most int, label string) wire.Field[patch] {
	return wire.Text(name, wire.To(ref)).AtMost(most).OrNull().Says(label, "")
}

// digitsField is a text of exactly the number of digits that the domain requires for the column, whose name is the
// field's.
func digitsField(name string, ref func(*patch) *noren.Field[string], label string) wire.Field[patch] {
	length := noren.MemberTextRule(name).Most
	return textField(name, ref, length, label).Like(digitsPattern(length))
}

// memberFields are the fields of POST /members and PUT /members/{member_id}, in the order of the page.
func memberFields() []wire.Field[patch] {
	// The limits that are numbers here are those of the page; names are the domain's, where its limit is the same.
	alias := textField("alias_code", func(p *patch) *noren.Field[string] { return &p.AliasCode }, noren.MaxMemberAlias, "代替会員コード")
	alias.NonEmpty = true // it is unique, so two members cannot both have an empty one
	return []wire.Field[patch]{
		alias,
		textField("last_name", func(p *patch) *noren.Field[string] { return &p.LastName }, 50, "姓"),
		textField("last_kana", func(p *patch) *noren.Field[string] { return &p.LastKana }, 50, "セイ"),
		textField("first_name", func(p *patch) *noren.Field[string] { return &p.FirstName }, 50, "名"),
		textField("first_kana", func(p *patch) *noren.Field[string] { return &p.FirstKana }, 50, "メイ"),
		textField("postal_code", func(p *patch) *noren.Field[string] { return &p.PostalCode }, 0, "郵便番号").Like(postalPattern()),
		textField("prefecture", func(p *patch) *noren.Field[string] { return &p.Prefecture }, noren.MaxPrefecture, "都道府県"),
		textField("address1", func(p *patch) *noren.Field[string] { return &p.Address1 }, 0, "住所1"),
		textField("address2", func(p *patch) *noren.Field[string] { return &p.Address2 }, 0, "住所2"),
		textField("occupation", func(p *patch) *noren.Field[string] { return &p.Occupation }, noren.MaxOccupation, "職業"),
		textField("tel", func(p *patch) *noren.Field[string] { return &p.Phone }, 0, "電話番号").Like(telPattern()),
		wire.Enum("sex", sexes(), wire.To(func(p *patch) *noren.Field[noren.Sex] { return &p.Sex })).OrNull().Says("性別", ""),
		textField("email", func(p *patch) *noren.Field[string] { return &p.Email }, noren.MaxMemberEmail, "メールアドレス"),
		wire.Date("birthdate", wire.To(func(p *patch) *noren.Field[noren.Date] { return &p.BirthDate })).OrNull().Says("生年月日", "1991-02-23"),
		wire.Flag("is_invoice_provider", wire.To(func(p *patch) *noren.Field[bool] { return &p.IsInvoiceProvider })).Says("適格事業者か", ""),
		textField("invoice_provider_number", func(p *patch) *noren.Field[string] { return &p.InvoiceNumber }, 0, "適格事業者番号"),
		wire.Flag("is_optout", wire.MapTo(func(p *patch) *noren.Field[bool] { return &p.MailOptIn }, not)).Says("DMを希望しないか", ""),
		textField("company_name", func(p *patch) *noren.Field[string] { return &p.Company }, 50, "会社名"),
		wire.Whole("member_rank_id", wire.MapTo(func(p *patch) *noren.Field[noren.Ref] { return &p.Rank }, rankRef)).
			Between(1, maxID).OrNull().Says("会員ランクID", ""),
		wire.Enum("status", writable(), wire.To(func(p *patch) *noren.Field[noren.Status] { return &p.Status })).
			Says("ステータス。会員作成時の既定値はTENTATIVE", ""),
		digitsField("bank_code", func(p *patch) *noren.Field[string] { return &p.BankCode }, "銀行コード"),
		digitsField("bank_branch_code", func(p *patch) *noren.Field[string] { return &p.BankBranchCode }, "銀行支店コード"),
		digitsField("bank_account_number", func(p *patch) *noren.Field[string] { return &p.BankAccountNumber }, "銀行口座番号"),
		textField("bank_account_name", func(p *patch) *noren.Field[string] { return &p.BankAccountName }, noren.MaxAccountName, "銀行口座名義").
			Like(accountNamePattern()),
		textField("line_user_id", func(p *patch) *noren.Field[string] { return &p.LineUserID }, 0, "LINEユーザーID").Like(linePattern()),
	}
}

// rowTable has the fields of the rows of PUT /members/bulk.
func rowTable() wire.Table[patch] {
	id := wire.Whole("id", wire.ToValue(func(p *patch) *int64 { return &p.ID })).Between(1, maxID).Must().Says("会員ID", "")
	return wire.NewTable(append([]wire.Field[patch]{id}, memberFields()...)...)
}

// not turns is_optout, which this API has, into the stored mail_opt_in, which says the opposite.
func not(b bool) bool { return !b }

// rankRef names a rank by its id: this API has no codes of ranks.
func rankRef(id int64) noren.Ref { return noren.Ref{ID: id} }

// sexes and statuses are this API's words, for reading requests and writing responses.
func sexes() []wire.Choice[noren.Sex] {
	return []wire.Choice[noren.Sex]{
		{Word: "MALE", Means: noren.Male}, {Word: "FEMALE", Means: noren.Female}, {Word: "OTHER", Means: noren.OtherSex},
	}
}

func statuses() []wire.Choice[noren.Status] {
	return append(writable(), wire.Choice[noren.Status]{Word: "MERGED", Means: noren.Merged})
}

// writable are the statuses that requests may set: members cannot be merged over the API.
func writable() []wire.Choice[noren.Status] {
	return []wire.Choice[noren.Status]{
		{Word: "TENTATIVE", Means: noren.Tentative}, {Word: "ACTIVE", Means: noren.Active}, {Word: "LEAVE", Means: noren.Left},
	}
}

func pointTypes() []wire.Choice[noren.PointType] {
	return []wire.Choice[noren.PointType]{
		{Word: "DEFAULT", Means: noren.DefaultPoint}, {Word: "PAID", Means: noren.PaidPoint},
	}
}

func tags() []wire.Choice[noren.AttachmentTag] {
	return []wire.Choice[noren.AttachmentTag]{
		{Word: "GENERAL", Means: noren.GeneralFile}, {Word: "PHOTO", Means: noren.PhotoFile},
	}
}

// word returns the word of the choice that means v; null if there is none.
func word[T comparable](choices []wire.Choice[T], v T) any {
	for _, c := range choices {
		if c.Means == v {
			return c.Word
		}
	}
	return nil
}

func wordsOf[T any](choices []wire.Choice[T]) []string {
	list := make([]string, len(choices))
	for i, c := range choices {
		list[i] = c.Word
	}
	return list
}
