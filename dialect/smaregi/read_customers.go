package smaregi

import (
	"cmp"
	"context"
	"time"

	"noren"
	"noren/app/members"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// customer is a member with what else its entry needs: what its ranks are called, and the zone.
type customer struct {
	noren.Member
	rank, staffRank *string
	pointsExpire    *noren.Date // the next day on which any points expire
	zone            *time.Location
}

// customersOf replaces the ids of ranks with their codes, and with the names of those that have none.
func customersOf(found members.List, zone *time.Location) []customer {
	ranks := make(map[int64]string, len(found.Ranks))
	for _, r := range found.Ranks {
		// The same choice in both directions: requests look for the code first and then for the name, so what is shown
		// can be sent back.
		ranks[r.ID] = cmp.Or(r.Code, r.Name)
	}
	staffRanks := make(map[int64]string, len(found.StaffRanks))
	for _, r := range found.StaffRanks {
		staffRanks[r.ID] = cmp.Or(r.Code, r.Name)
	}
	out := make([]customer, len(found.Items))
	for i, m := range found.Items {
		out[i] = customer{
			m, nameOf(ranks, m.RankID), nameOf(staffRanks, m.StaffRankID), noren.NextExpiry(found.Points[m.ID]), zone,
		}
	}
	return out
}

// nameOf returns nil if no rank is set.
func nameOf(names map[int64]string, id *int64) *string {
	if id == nil {
		return nil
	}
	name, known := names[*id]
	if !known {
		return nil
	}
	return &name
}

// getCustomers is GET /customers 会員一覧取得.
func (d *Dialect) getCustomers(ctx context.Context, x *web.Request) (web.Answer, error) {
	l := d.lists.customers
	a, err := l.read(x)
	if err != nil {
		return web.Answer{}, err
	}
	a.filter.Sort, a.filter.Page = a.sort, a.page
	// The service leaves out members whom a user restricted to one store may not see, from the count too.
	found, err := d.rooms.Members.List(ctx, x.Caller, a.filter)
	if err != nil {
		return web.Answer{}, err
	}
	return l.answer(x, a, customersOf(found, x.Caller.Tenant.Location()), found.Total), nil
}

// getCustomer is GET /customers/{customer_id} 会員取得.
func (d *Dialect) getCustomer(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := dialect.PathID(x, "customer_id", maxCustomerID)
	if err != nil {
		return web.Answer{}, err
	}
	found, err := d.rooms.Members.Get(ctx, x.Caller, id)
	if err != nil {
		return web.Answer{}, err
	}
	return d.lists.customers.one(x, customersOf(found, x.Caller.Tenant.Location())[0])
}

// customerList has the filters that clients of the platform use; it documents no search by name, phone or mail.
func customerList() list[noren.MemberFilter, customer] {
	span := func(f *noren.MemberFilter) *noren.Span { return &f.Updated }
	return list[noren.MemberFilter, customer]{
		sortable: [][2]string{
			{"customerId", "id"}, {"customerCode", "code"}, {"insDateTime", "created_at"}, {"updDateTime", "updated_at"},
		},
		filters: append([]filter[noren.MemberFilter]{
			textFilter("customer_code", "会員コード", maxCode, func(f *noren.MemberFilter) *string { return &f.Code }),
			integerFilter("customer_id-from", "会員IDの下限", 1, maxCustomerID, func(f *noren.MemberFilter, n int64) { f.IDFrom = n }),
			integerFilter("customer_id-to", "会員IDの上限", 1, maxCustomerID, func(f *noren.MemberFilter, n int64) { f.IDTo = n }),
			textFilter("customer_no", "会員番号", maxCode, func(f *noren.MemberFilter) *string { return &f.CustomerNo }),
		}, updatedFilters(span)...),
		span: span, view: customerView(),
	}
}

// customerView has the keys of GET /customers in the documented order.
func customerView() wire.View[customer] {
	type c = customer
	return wire.View[c]{
		// insDateTime and the six other keys made by always and enumerated are never null in any client's description.
		always("customerId", "会員ID", func(m c) any { return decimal(m.ID) }),
		always("customerCode", "会員コード", func(m c) any { return m.Code }),
		maybe("customerNo", "会員番号", func(m c) any { return m.CustomerNo }),
		maybe("rank", "会員ランク (コード、コードがない場合は名称)", func(m c) any { return m.rank }),
		maybe("staffRank", "社員ランク (コード、コードがない場合は名称)", func(m c) any { return m.staffRank }),
		maybe("firstName", "名", func(m c) any { return m.FirstName }),
		maybe("lastName", "姓", func(m c) any { return m.LastName }),
		maybe("firstKana", "フリガナ(名)", func(m c) any { return m.FirstKana }),
		maybe("lastKana", "フリガナ(姓)", func(m c) any { return m.LastKana }),
		maybe("postCode", "郵便番号", func(m c) any { return m.PostalCode }),
		maybe("address", "住所", func(m c) any { return m.Address() }),
		maybe("phoneNumber", "電話番号", func(m c) any { return m.Phone }),
		maybe("faxNumber", "FAX番号", func(m c) any { return m.Fax }),
		maybe("mobileNumber", "携帯電話番号", func(m c) any { return m.Mobile }),
		maybe("mailAddress", "メールアドレス", func(m c) any { return m.Email }),
		maybe("mailAddress2", "メールアドレス2", func(m c) any { return m.Email2 }),
		maybe("mailAddress3", "メールアドレス3", func(m c) any { return m.Email3 }),
		maybe("companyName", "会社名", func(m c) any { return m.Company }),
		maybe("departmentName", "部署名", func(m c) any { return m.Department }),
		maybe("managerialPosition", "役職", func(m c) any { return m.Position }),
		enumerated("sex", "性別 (0:不明、1:男、2:女)", sexes(), func(m c) noren.Sex { return noren.SmaregiView.Sex(m.Sex) }),
		maybe("birthDate", "生年月日", func(m c) any { return day(m.BirthDate) }),
		maybe("pointExpireDate", "ポイント失効日", func(m c) any { return day(m.pointsExpire) }),
		maybe("lastComeDateTime", "最終来店日時", lastVisit),
		maybe("entryDate", "入会日", func(m c) any { return day(m.EntryDate) }),
		maybe("leaveDate", "退会日", func(m c) any { return day(m.LeaveDate) }),
		maybe("pointGivingUnitPrice", "ポイント付与単位(金額)", func(m c) any { return decimalOrNull(m.PointUnitPrice) }),
		maybe("pointGivingUnit", "ポイント付与単位(ポイント)", func(m c) any { return hundredths(m.PointUnit) }),
		maybe("pinCode", "PINコード", func(m c) any { return m.PIN }),
		maybe("passportNo", "旅券番号", func(m c) any { return m.PassportNo }),
		maybe("nationality", "国籍", func(m c) any { return m.Nationality }),
		maybe("alphabetName", "アルファベット氏名", func(m c) any { return m.AlphabetName }),
		enumerated("mailReceiveFlag", "案内メール受取許可フラグ (0:拒否、1:許可)", flags(), func(m c) bool { return m.MailOptIn }),
		maybe("note", "備考", func(m c) any { return m.Note }),
		maybe("note2", "備考2", func(m c) any { return m.Note2 }),
		maybe("favoriteList", "お気に入りリスト", func(m c) any { return m.Favorites }),
		maybe("browsingList", "閲覧履歴リスト", func(m c) any { return m.Browsing }),
		enumerated("status", "会員状態区分 (0:利用可、1:利用停止、2:紛失、3:退会、4:名寄せ)", statuses(),
			func(m c) noren.Status { return noren.SmaregiView.Status(m.Status) }),
		maybe("storeId", "対象店舗ID (nullは全店舗)", func(m c) any { return decimalOrNull(m.StoreID) }),
		always("insDateTime", "登録日時", func(m c) any { return stamp(m.CreatedAt, m.zone) }),
		always("updDateTime", "更新日時", func(m c) any { return stamp(m.UpdatedAt, m.zone) }),
	}
}

// enumerated is a key with the words that requests use.
func enumerated[T comparable](name, label string, choices []wire.Choice[T], value func(customer) T) wire.Shown[customer] {
	s := always(name, label, func(m customer) any {
		v := value(m)
		for _, c := range choices {
			if c.Means == v {
				return c.Word
			}
		}
		return nil
	})
	for _, c := range choices {
		s.Enum = append(s.Enum, c.Word)
	}
	return s
}

// day, decimalOrNull, hundredths and lastVisit write a column that may be unset, as a string or null.
func day(d *noren.Date) any {
	if d == nil {
		return nil
	}
	return string(*d)
}

func decimalOrNull(n *int64) any {
	if n == nil {
		return nil
	}
	return decimal(*n)
}

func hundredths(h *noren.Hundredths) any {
	if h == nil {
		return nil
	}
	return h.String()
}

func lastVisit(m customer) any {
	if m.LastVisitAt == nil {
		return nil
	}
	return stamp(time.UnixMicro(*m.LastVisitAt), m.zone)
}
