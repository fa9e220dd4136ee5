package recore

import (
	"context"
	"slices"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/members"
	"noren/web"
	"noren/wire"
)

// page is what all members in one response share.
type page struct {
	tenant noren.Tenant
	zone   *time.Location
	link   func(noren.Attachment) string
}

// page prepares a response that shows members or attachments. It is called before a write begins, because it reads the
// secret of the links in a transaction of its own.
func (d *Dialect) page(ctx context.Context, x *web.Request) (*page, error) {
	tenant := x.Caller.Tenant
	path, err := d.FilePaths(ctx, tenant)
	if err != nil {
		return nil, err
	}
	// Behind a proxy the address in the request may be an inner one, so what the operator has set comes first.
	base := d.BaseURL
	if base == "" {
		base = x.BaseURL
	}
	link := func(a noren.Attachment) string { return base + path(a, false) }
	return &page{tenant, tenant.Location(), link}, nil
}

// FilePaths returns a function that turns an attachment into the path, with its query, of the file's temporary address on
// this server. view is whether a browser may show the file instead of saving it.
func (d *Dialect) FilePaths(ctx context.Context, t noren.Tenant) (path func(a noren.Attachment, view bool) string, err error) {
	// One secret and one moment for all files of a response, so that its addresses expire together.
	secret, err := d.Rooms.Access.TenantSecret(ctx, t.ID, access.SecretFileLinks)
	now := d.Rooms.Now()
	return func(a noren.Attachment, view bool) string {
		name := members.FileName(t.Contract, a.FileKey)
		return "/files/" + name + "?" + d.Links.Link(secret, name, noren.Deref(a.FileName), view, now).Encode()
	}, err
}

// member is a member with what else its entry needs.
type member struct {
	noren.Member
	rank        *noren.Rank
	balances    []noren.PointBalance
	attachments []noren.Attachment
	page        *page
}

// members returns the entries of the list.
func (p *page) members(found members.List) []member {
	out := make([]member, len(found.Items))
	for i, m := range found.Items {
		out[i] = member{m, nil, found.Points[m.ID], found.Attachments[m.ID], p}
		if at := slices.IndexFunc(found.Ranks, func(r noren.Rank) bool { return m.RankID != nil && r.ID == *m.RankID }); at >= 0 {
			out[i].rank = &found.Ranks[at]
		}
	}
	return out
}

// memberView has the keys of a member in the documented order.
func memberView() wire.View[member] {
	type m = member
	return wire.View[m]{
		{Name: "id", Value: func(m m) any { return m.ID }, Schema: wire.IntegerSchema("会員ID")},
		{Name: "code", Value: func(m m) any { return m.Code }, Description: "会員コード"},
		maybe("alias_code", "代替会員コード", func(m m) any { return m.AliasCode }),
		maybe("last_name", "姓", func(m m) any { return m.LastName }),
		maybe("last_kana", "セイ", func(m m) any { return m.LastKana }),
		maybe("first_name", "名", func(m m) any { return m.FirstName }),
		maybe("first_kana", "メイ", func(m m) any { return m.FirstKana }),
		maybe("postal_code", "郵便番号", func(m m) any { return m.PostalCode }),
		maybe("prefecture", "都道府県", func(m m) any { return m.Prefecture }),
		maybe("address1", "住所1", func(m m) any { return m.Address1 }),
		maybe("address2", "住所2", func(m m) any { return m.Address2 }),
		maybe("occupation", "職業", func(m m) any { return m.Occupation }),
		maybe("tel", "電話番号", func(m m) any { return m.Phone }),
		maybe("sex", "性別", func(m m) any { return word(sexes(), noren.ReCOREView.Sex(m.Sex)) }, wordsOf(sexes())...),
		maybe("email", "メールアドレス", func(m m) any { return m.Email }),
		maybe("birthdate", "生年月日", func(m m) any { return day(m.BirthDate) }),
		{Name: "is_invoice_provider", Value: func(m m) any { return m.IsInvoiceProvider }, Schema: wire.FlagSchema("適格事業者か")},
		maybe("invoice_provider_number", "適格事業者番号", func(m m) any { return m.InvoiceNumber }),
		{Name: "is_optout", Value: func(m m) any { return !m.MailOptIn }, Schema: wire.FlagSchema("DMを希望しないか")},
		maybe("company_name", "会社名", func(m m) any { return m.Company }),
		{Name: "rank", Value: rankOf, Schema: namedSchema("会員ランク").OrNull()},
		{
			Name: "status", Value: func(m m) any { return word(statuses(), noren.ReCOREView.Status(m.Status)) },
			Description: "ステータス", Enum: wordsOf(statuses()),
		},
		maybe("bank_code", "銀行コード", func(m m) any { return m.BankCode }),
		maybe("bank_branch_code", "銀行支店コード", func(m m) any { return m.BankBranchCode }),
		maybe("bank_account_number", "銀行口座番号", func(m m) any { return m.BankAccountNumber }),
		maybe("bank_account_name", "銀行口座名義", func(m m) any { return m.BankAccountName }),
		maybe("line_user_id", "LINEユーザーID", func(m m) any { return m.LineUserID }),
		{Name: "point", Value: pointsOf, Schema: pointSchema()},
		maybe("photo_url", "顔写真のURL", photoOf),
		{Name: "created_at", Value: func(m m) any { return m.CreatedAt.Unix() }, Schema: wire.IntegerSchema("会員作成日")},
		{Name: "updated_at", Value: func(m m) any { return m.UpdatedAt.Unix() }, Schema: wire.IntegerSchema("会員更新日")},
		{Name: "attachments", Value: attachmentsOf, Schema: wire.ArrayOf(wire.Reference("Attachment"))},
	}
}

func maybe[T any](name, label string, value func(T) any, enum ...string) wire.Shown[T] {
	return wire.Shown[T]{Name: name, Value: value, Nullable: true, Description: label, Enum: enum}
}

func day(d *noren.Date) any {
	if d == nil {
		return nil
	}
	return string(*d)
}

func rankOf(m member) any {
	if m.rank == nil {
		return nil
	}
	return named(m.rank.ID, m.rank.Name)
}

func named(id int64, name string) wire.Map { return wire.Map{wire.P("id", id), wire.P("name", name)} }

// photoOf returns the address of the newest photo.
func photoOf(m member) any {
	// Attachments are in order of their ids, which count up.
	for _, a := range slices.Backward(m.attachments) {
		if a.Tag == noren.PhotoFile {
			return m.page.link(a)
		}
	}
	return nil
}

func attachmentsOf(m member) any {
	// Made even for no entries, because a nil slice would be written as null.
	list := make([]wire.Map, len(m.attachments))
	for i, a := range m.attachments {
		list[i] = m.page.attachment(a)
	}
	return list
}

// attachment is one entry of a member's attachments, and the response to POST …/attachments.
func (p *page) attachment(a noren.Attachment) wire.Map {
	return wire.Map{
		wire.P("id", a.ID), wire.P("file_key", a.FileKey), wire.P("tag", word(tags(), a.Tag)), wire.P("file_name", a.FileName),
		wire.P("url", p.link(a)), wire.P("mime_type", a.MIMEType),
	}
}

// pointsOf returns null if the company's points are switched off. What expires next, over all types, is what expires on
// the nearest day.
func pointsOf(m member) any {
	settings := m.page.tenant.Points
	if !settings.Enabled {
		return nil
	}
	// Not nil: a member who holds no points has an empty list, and the schema allows no null there.
	details := []wire.Map{}
	sum := noren.PointBalance{}
	for _, t := range noren.PointTypes() {
		at := slices.IndexFunc(m.balances, func(b noren.PointBalance) bool { return b.Type == t })
		// Only the types that the member holds are listed.
		if at < 0 {
			continue
		}
		b := m.balances[at]
		sum.Total += b.Total
		switch {
		// Three cases: nothing of this type expires before what was found; it expires on the same day, and both amounts
		// go together; it is nearer, or the first.
		case b.ExpiresOn == nil || sum.ExpiresOn != nil && *sum.ExpiresOn < *b.ExpiresOn:
		case sum.ExpiresOn != nil && *sum.ExpiresOn == *b.ExpiresOn:
			sum.ExpiresAmount += b.ExpiresAmount
		default:
			sum.ExpiresOn, sum.ExpiresAmount = b.ExpiresOn, b.ExpiresAmount
		}
		title := settings.DefaultTitle
		if t == noren.PaidPoint {
			title = settings.PaidTitle
		}
		head := wire.Map{wire.P("type", word(pointTypes(), t)), wire.P("title", title)}
		details = append(details, append(head, m.page.balance(b)...))
	}
	return append(m.page.balance(sum), wire.P("details", details))
}

func (p *page) balance(b noren.PointBalance) wire.Map {
	var expires any
	if b.ExpiresOn != nil {
		// The page's example is the last second of a day in Japan: points can be used all through their last day.
		expires = b.ExpiresOn.EndOf(p.zone).Unix()
	}
	return wire.Map{wire.P("total", b.Total), wire.P("expires_amount", b.ExpiresAmount), wire.P("expires_at", expires)}
}
