package shopfile

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"

	"noren"
)

// members reads members. The keys are the JSON names of the fields of noren.MemberPatch, so that a column added there
// is a key here without another change.
func (t *tenantReader) members() {
	var unique memberKeys
	t.entries("members", "a member", func(m *mapping) {
		var p noren.MemberPatch
		// By itself, because it is no noren.Field: an id cannot be cleared.
		m.id("id", &p.ID, memberIDDigits)
		// The type of a field decides how its key is read, the tag how it is named.
		v := reflect.ValueOf(&p).Elem()
		for i := range v.NumField() {
			key, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("json"), ",")
			t.memberField(m, key, v.Field(i).Addr().Interface())
		}
		t.judge(m, p)
		unique.add(t.reader, m, p)
		t.shop.Members = append(t.shop.Members, p)
	})
}

// memberField reads one key into a field, by the type of the field. Fields of other types, the ID and the view, are not
// keys of the file.
func (t *tenantReader) memberField(m *mapping, key string, field any) {
	switch f := field.(type) {
	case *noren.Field[string]:
		nullable(m, key, f, func(key string, to *string) bool { return t.memberText(m, key, to) })
	case *noren.Field[bool]:
		nullable(m, key, f, m.boolean)
	case *noren.Field[noren.Date]:
		nullable(m, key, f, m.date)
	case *noren.Field[noren.Hundredths]:
		nullable(m, key, f, m.hundredths)
	case *noren.Field[noren.Sex]:
		nullable(m, key, f, func(key string, to *noren.Sex) bool {
			return word(m, key, to, noren.Male, noren.Female, noren.OtherSex)
		})
	case *noren.Field[noren.Status]:
		nullable(m, key, f, func(key string, to *noren.Status) bool { return word(m, key, to, noren.Statuses()...) })
	case *noren.Field[noren.Ref]:
		nullable(m, key, f, func(key string, to *noren.Ref) bool { return t.rankRef(m, key, to) })
	case *noren.Field[int64]:
		nullable(m, key, f, func(key string, to *int64) bool {
			// By the key, because a store is an int64 like other numbers, and only its name tells that it refers to
			// something.
			if key == "store" {
				return t.memberStore(m, key, to)
			}
			return m.integer(key, to, 0, maxAmount)
		})
	}
}

// memberText reads a text that fits the column of that name. Reports are passed around, so they do not repeat what is sensitive.
func (t *tenantReader) memberText(m *mapping, key string, to *string) bool {
	var text string
	if !m.text(key, &text) {
		return false
	}
	rule := noren.MemberTextRule(key)
	switch {
	case text == "":
	case rule.Most > 0 && utf8.RuneCountInString(text) > rule.Most:
		m.fail(key, "must be at most %d characters, not %d%s", rule.Most, utf8.RuneCountInString(text), t.quoted(key, ": %q", text))
		return false
	case rule.Like != nil && !rule.Like.MatchString(text):
		m.fail(key, "must be in the form %s%s", rule.Shape, t.quoted(key, ", not %q", text))
		return false
	}
	*to = text
	return true
}

// quoted is the text of a member's column as a message repeats it; "" where the column is sensitive in every tenant or by the file.
func (t *tenantReader) quoted(column, format, text string) string {
	declared, _ := t.shop.Tenant.SensitiveColumns.Value()
	if _, sensitive := (noren.Tenant{SensitiveColumns: declared}).Sensitive(column); sensitive {
		return ""
	}
	return fmt.Sprintf(format, text)
}

// nullable reads a key of a member. Null differs from absent: it clears the stored value.
func nullable[T any](m *mapping, key string, to *noren.Field[T], read func(string, *T) bool) {
	// An alias without its anchor is nil too. It has been reported by then, so nothing of the file is used.
	if n, given := m.given(key); given && n == nil {
		*to = noren.Null[T]()
		return
	}
	set(read, key, to)
}

// date reads a date. YAML 1.2 has no type for dates, so they need no quotes.
func (m *mapping) date(key string, to *noren.Date) bool {
	var text string
	if !m.text(key, &text) {
		return false
	}
	date, err := noren.ParseDate(text)
	if err != nil {
		m.fail(key, "%v", err)
		return false
	}
	*to = date
	return true
}

// hundredths reads a decimal with two places from its text, not through a float, which cannot hold most decimals exactly.
func (m *mapping) hundredths(key string, to *noren.Hundredths) bool {
	var text string
	if !m.text(key, &text) {
		return false
	}
	number, err := noren.ParseHundredths(text)
	if err != nil {
		m.fail(key, "%v", err)
		return false
	}
	*to = number
	return true
}

// rankRef reads a reference to a rank or staff rank: a number is an ID, text a name. If the file lists the tenant's
// ranks, it must be one of them; otherwise the stored ranks decide when the file is applied.
func (t *tenantReader) rankRef(m *mapping, key string, to *noren.Ref) bool {
	n := m.node(key)
	if n == nil {
		return false
	}
	var ref noren.Ref
	if n.Type() == ast.IntegerType {
		if !m.id(key, &ref.ID, catalogueIDDigits) {
			return false
		}
	} else if !m.text(key, &ref.Name) {
		return false
	}
	// The domain resolves the name again by the same rule when the file is applied. Checking here gives a line number.
	known := func(id int64, name string) bool {
		return ref.ID == id || ref.ID == 0 && noren.FoldName(ref.Name) == noren.FoldName(name)
	}
	list, found := "ranks", slices.ContainsFunc(t.shop.Ranks, func(r noren.Rank) bool { return known(r.ID, r.Name) })
	if key == "staff_rank" {
		list = "staff_ranks"
		found = slices.ContainsFunc(t.shop.StaffRanks, func(r noren.StaffRank) bool { return known(r.ID, r.Name) })
	}
	// A file without the list says nothing about ranks, so what is stored decides.
	if !found && t.m.node(list) != nil {
		m.fail(key, "%s is not among this tenant's %s", shown(n), list)
		return false
	}
	*to = ref
	return true
}

// memberStore is storeRef for members, whose store must be a shop.
func (t *tenantReader) memberStore(m *mapping, key string, to *int64) bool {
	if !t.storeRef(m, key, to) {
		return false
	}
	// A store that the file does not list is judged by what is stored when the file is applied.
	for _, s := range t.shop.Stores {
		if s.ID == *to && s.Kind != noren.StoreShop {
			m.fail(key, "%q is a store of the kind %s; a member's store must be a shop", s.Name, s.Kind)
			return false
		}
	}
	return true
}

// judge reports contradictions within one member.
func (t *tenantReader) judge(m *mapping, p noren.MemberPatch) {
	if _, coded := m.given("code"); m.nodes["id"] == nil && !coded {
		m.r.fail(m.line, "a member must have an id or a code; otherwise every run would create another one")
	}
	// Null clears a column, but code and status cannot be cleared.
	if code, set := p.Code.Value(); p.Code.IsNull() || set && code == "" {
		m.fail("code", "must not be empty; leave the key out to keep the code or have one generated")
	}
	// Only the file is checked here. The service checks again with the stored half of the pair.
	status, _ := p.Status.Value()
	if _, dated := p.LeaveDate.Value(); dated && status == noren.Active {
		m.fail("leave_date", "an ACTIVE member cannot have a leave date")
	}
	if p.LeaveDate.IsNull() && status == noren.Left {
		m.fail("leave_date", "a member who LEFT must have a leave date; leave the key out for today")
	}
	if p.Status.IsNull() {
		m.fail("status", "must not be null; leave the key out to keep the status")
	}
	_, price := p.PointUnitPrice.Value()
	if _, unit := p.PointUnit.Value(); price != unit {
		key := "point_unit"
		if price {
			key = "point_unit_price"
		}
		m.fail(key, "point_unit_price and point_unit must be given together")
	}
	if p.AddressTwice() {
		m.fail("address", "give either address or prefecture, address1 and address2")
	}
}

// memberKeys remembers the values that must be unique among members.
type memberKeys struct{ ids, codes, aliases, shopify once }

// add reports values that an earlier member already has.
func (k *memberKeys) add(r *reader, m *mapping, p noren.MemberPatch) {
	if p.ID != 0 {
		k.ids.add(r, m.lineOf("id"), strconv.FormatInt(p.ID, 10), "the id %d of a member", p.ID)
	}
	for _, unique := range []struct {
		key  string
		seen *once
		of   noren.Field[string]
	}{
		{"code", &k.codes, p.Code},
		{"alias_code", &k.aliases, p.AliasCode},
		{"shopify_customer_id", &k.shopify, p.ShopifyCustomerID},
	} {
		// Empty where the key is absent or null, which add passes over: any number of members may have none.
		value, _ := unique.of.Value()
		unique.seen.add(r, m.lineOf(unique.key), value, "the %s %q of a member", unique.key, value)
	}
}

// purchases reads spend. Because of the ID, a purchase counts once however often the file is applied. A time must have an
// offset from UTC: the tenant's zone may be in the database only, and an hour can decide in which month a purchase
// counts.
func (t *tenantReader) purchases() {
	var ids once
	t.entries("purchases", "a purchase", func(m *mapping) {
		p := noren.PurchaseEvent{Kind: noren.PurchasePaid}
		m.require("member", "id", "amount", "at")
		// A number is an ID, text a code, as for ranks and stores.
		if n := m.node("member"); n != nil && n.Type() == ast.IntegerType {
			m.id("member", &p.Member.ID, memberIDDigits)
		} else {
			m.text("member", &p.Member.Code)
		}
		if m.text("id", &p.ExternalID) {
			ids.add(t.reader, m.lineOf("id"), p.ExternalID, "the id %q of a purchase", p.ExternalID)
		}
		m.integer("amount", &p.Amount, 0, maxAmount)
		m.integer("tax", &p.Tax, 0, maxAmount)
		m.integer("used_points", &p.UsedPoints, 0, maxAmount)
		if p.Tax+p.UsedPoints > p.Amount {
			m.fail("amount", "must be at least tax and used_points together, which are part of it")
		}
		var at string
		if m.text("at", &at) {
			var err error
			if p.PaidAt, err = time.Parse(time.RFC3339, at); err != nil {
				m.fail("at", "%q is not a time with an offset; write it as 2026-11-01T10:00:00+09:00", at)
			}
		}
		t.shop.Purchases = append(t.shop.Purchases, p)
	})
}
