package console

import (
	"maps"
	"slices"
	"strings"

	"noren"
)

// known is one line of what is known of a member.
type known struct{ name, value string }

// memberFacts are what staff at the counter want to see of a member. What is not set takes no room.
func (p *page) memberFacts(m memberSeen) []known {
	optIn := p.T("value.no")
	if m.MailOptIn {
		optIn = p.T("value.yes")
	}
	sex := ""
	if m.Sex != noren.SexUnknown {
		sex = p.T("sex." + string(m.Sex))
	}
	all := []known{
		{"phone", or(m.Phone)},
		{"mobile", or(m.Mobile)},
		{"fax", or(m.Fax)},
		{"email", or(m.Email)},
		{"email2", or(m.Email2)},
		{"email3", or(m.Email3)},
		{"address", strings.TrimSpace(or(m.PostalCode) + " " + or(m.Address()))},
		{"company", or(m.Company)},
		{"department", or(m.Department)},
		{"position", or(m.Position)},
		{"occupation", or(m.Occupation)},
		{"sex", sex},
		{"birth_date", or(m.BirthDate)},
		{"mail_opt_in", optIn},
		{"store_id", p.storeName(m.catalogue, m.StoreID)},
		{"staff_rank_id", m.staffRankName()},
		{"alias_code", or(m.AliasCode)},
		{"customer_no", or(m.CustomerNo)},
		{"shopify_customer_id", or(m.ShopifyCustomerID)},
		{"entry_date", or(m.EntryDate)},
		{"leave_date", or(m.LeaveDate)},
		{"note", or(m.Note)},
		{"note2", or(m.Note2)},
		{"updated_at", p.at(m.UpdatedAt)},
	}
	shown := slices.DeleteFunc(all, func(f known) bool { return f.value == "" })
	for i := range shown {
		shown[i].name = p.T("member." + shown[i].name)
	}
	return shown
}

// toNext says how much is missing to the next rank that is not earned yet.
func (p *page) toNext(t noren.Tier) string {
	for _, r := range t.Above {
		if missing := r.EntrySpend - t.Spend; missing > 0 {
			return p.T("rank.missing", r.Name, p.money(missing))
		}
	}
	if len(t.Above) > 0 {
		return p.T("rank.missing", t.Above[len(t.Above)-1].Name, p.money(0))
	}
	return p.T("rank.top")
}

// toNextShare is how many hundredths of the way to the next rank are done; false where there is no way to go.
func toNextShare(t noren.Tier) (int64, bool) {
	if t.Next == nil {
		return 0, false
	}
	for _, r := range t.Above {
		if r.EntrySpend > t.Spend {
			return max(t.Spend, 0) * 100 / r.EntrySpend, true
		}
	}
	return 0, false
}

// staffOf are those who wrote notes.
func staffOf(l noren.NoteList) []noren.Staff { return slices.Collect(maps.Values(l.Staff)) }

// about reports whether one of the fields has a problem, where a page has several forms.
func (p *page) about(fields ...string) bool {
	return slices.ContainsFunc(fields, func(name string) bool { return p.problems[name] != "" })
}

// isAt reports whether the page is the one at the path.
func (p *page) isAt(path string) bool { return strings.TrimPrefix(p.x.HTTP.URL.Path, prefix) == path }
