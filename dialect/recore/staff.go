package recore

import (
	"context"
	"slices"
	"strings"

	"noren"
	"noren/web"
	"noren/wire"
)

// staffShown is a member of the staff with their store.
type staffShown struct {
	noren.Staff
	store *noren.Store
}

// staffView has the keys of GET /staffs in the documented order. Only one name is stored for a person, which is split
// at its first space; what is not stored is null.
func staffView() wire.View[staffShown] {
	type s = staffShown
	unknown := func(name, label string) wire.Shown[s] { return maybe(name, label, func(s) any { return nil }) }
	return wire.View[s]{
		{Name: "id", Value: func(p s) any { return p.ID }, Schema: wire.IntegerSchema("スタッフID")},
		{Name: "code", Value: func(p s) any { return p.Code }, Description: "スタッフコード"},
		{Name: "store", Value: func(p s) any {
			if p.store == nil {
				return nil
			}
			return named(p.store.ID, p.store.Name)
		}, Schema: namedSchema("店舗").OrNull()},
		// It is not stored whether somebody has left, so everybody in the list is shown as working.
		{Name: "status", Value: func(s) any { return "ACTIVE" }, Enum: []string{"ACTIVE"}, Description: "ステータス"},
		maybe("last_name", "姓", func(p s) any { last, _ := p.names(); return last }),
		unknown("last_kana", "セイ"),
		maybe("first_name", "名", func(p s) any { _, first := p.names(); return first }),
		unknown("first_kana", "メイ"),
		unknown("tel", "電話番号"),
		unknown("email", "メールアドレス"),
		unknown("birthdate", "生年月日"),
		unknown("sex", "性別"),
		unknown("note", "備考"),
		unknown("photo_url", "顔写真のURL"),
	}
}

// names splits the name at the first space of either width.
func (p staffShown) names() (last string, first *string) {
	at := strings.IndexAny(p.Name, " \u3000")
	if at < 0 {
		return p.Name, nil
	}
	rest := strings.TrimLeft(p.Name[at:], " \u3000")
	if rest == "" {
		return p.Name[:at], nil
	}
	return p.Name[:at], &rest
}

// getStaffs is GET /staffs スタッフ検索.
func (d *Dialect) getStaffs(ctx context.Context, x *web.Request) (web.Answer, error) {
	a, err := d.lists.staff.read(x)
	if err != nil {
		return web.Answer{}, err
	}
	all, err := d.staff(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	// The staff of a tenant are few: all are read, and the filters look at each.
	all = slices.DeleteFunc(all, func(p staffShown) bool {
		return a.filter.ids != nil && !slices.Contains(a.filter.ids, p.ID) ||
			a.filter.codes != nil && !slices.Contains(a.filter.codes, p.Code) || p.ID <= a.after
	})
	// A page behind the end is empty and not an error, as in the other lists.
	all = all[min(a.page.Offset, len(all)):]
	items, next := walked(a, all, x.Caller.Tenant.Contract, func(p staffShown) int64 { return p.ID })
	return listed(staffView().List(items[:min(a.page.Limit, len(items))]), next), nil
}

// getStaff is GET /staffs/{staff_id} スタッフ取得.
func (d *Dialect) getStaff(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := pathID(x, "staff_id")
	if err != nil {
		return web.Answer{}, err
	}
	all, err := d.staff(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	// Among those that the caller may see: staff of another store are as unknown as those that do not exist.
	at := slices.IndexFunc(all, func(p staffShown) bool { return p.ID == id })
	if at < 0 {
		return web.Answer{}, &noren.Error{Kind: noren.NotFound, Field: "staff"}
	}
	return ok(staffView().Append(nil, all[at])), nil
}

// staff returns the staff that the caller may see.
func (d *Dialect) staff(ctx context.Context, x *web.Request) ([]staffShown, error) {
	staff, stores, err := d.Rooms.Stock.Staff(ctx, x.Caller)
	if err != nil {
		return nil, err
	}
	var out []staffShown
	for _, person := range staff {
		shown := staffShown{Staff: person}
		at := slices.IndexFunc(stores, func(s noren.Store) bool { return person.StoreID != nil && s.ID == *person.StoreID })
		if at >= 0 {
			shown.store = &stores[at]
		}
		out = append(out, shown)
	}
	return out, nil
}
