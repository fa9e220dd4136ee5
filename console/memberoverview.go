package console

import (
	"maps"
	"slices"
	"strings"

	"noren"
	"noren/app/members"
	"noren/app/ranks"
)

// known is one line of a member's details.
type known struct{ name, value string }

// addressFact is the line with all columns of the address.
const addressFact = "address"

// memberFacts are the details that staff need at the counter. Empty ones are left out, to keep the page short.
func (p *page) memberFacts(m memberSeen) []known {
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
		{addressFact, strings.TrimSpace(or(m.PostalCode) + " " + or(m.Prefecture) + or(m.Address1) + " " + or(m.Address2))},
		{"company", or(m.Company)},
		{"department", or(m.Department)},
		{"position", or(m.Position)},
		{"occupation", or(m.Occupation)},
		{"sex", sex},
		{"birth_date", or(m.BirthDate)},
		{"mail_opt_in", p.flag("mail_opt_in", m.MailOptIn)},
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
	for i, f := range shown {
		shown[i].value = p.conceal(f.name, f.value)
		if f.name == addressFact {
			shown[i].value = p.concealAll(f.value, "postal_code", "prefecture", "address1", "address2")
		}
		shown[i].name = p.T("member." + shown[i].name)
	}
	return shown
}

// toNext is the spend missing to the next rank that is not reached yet. If the spend has reached all of them, the next
// check will promote to the highest, so nothing is missing.
func (p *page) toNext(t ranks.Tier) string {
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

// toNextShare is the progress to the next rank in percent; false if there is no check or no rank left to reach. A refund
// can make the spend negative.
func toNextShare(t ranks.Tier) (int64, bool) {
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

// staffOf are the staff members who wrote notes.
func staffOf(l members.NoteList) []noren.Staff { return slices.Collect(maps.Values(l.Staff)) }

// memberTabs are the pages of a member, by their paths below the member's own. A page says itself which of them it is: a
// form that is shown again has the address to which it was sent.
func memberTabs() []string { return []string{"", "/points", "/spend", "/history"} }
