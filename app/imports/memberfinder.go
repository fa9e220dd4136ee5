package imports

import (
	"context"
	"slices"
	"strings"

	"noren"
	"noren/lenient"
)

// memberName is how a line about something else than members names one. The first part that is given counts.
type memberName struct {
	id      int64
	code    string
	alias   string
	shopify string
	email   string
	any     string // any of these: a code, else an alias code, a Shopify number, an e-mail address, an id
	last    string // only to compare
	first   string
}

func (n memberName) given() bool {
	return n.id != 0 || n.code != "" || n.alias != "" || n.shopify != "" || n.email != "" || n.any != ""
}

// read reads one cell; known is false for a field that names no member.
func (n *memberName) read(field, cell string) (known bool, wrong *problem) {
	switch field {
	case fieldMember:
		n.any, wrong = cellKey(cell)
	case fieldMemberID:
		n.id, wrong = cellInteger(cell, 1, noren.MaxMemberID)
	case fieldAlias:
		n.alias, wrong = cellKey(cell)
	case fieldShopify:
		n.shopify, wrong = cellKey(halfWidth(cell))
	case fieldEmail:
		n.email = halfWidth(cell)
	case fieldLastName:
		n.last = cell
	case fieldFirstName:
		n.first = cell
	default:
		return false, nil
	}
	return true, wrong
}

// field returns the field by which the line names its member, and the value.
func (n memberName) field(cells func(string) string) (field, value string) {
	for _, f := range []struct {
		given bool
		field string
	}{
		{n.any != "", fieldMember},
		{n.id != 0, fieldMemberID},
		{n.alias != "", fieldAlias},
		{n.shopify != "", fieldShopify},
		{n.email != "", fieldEmail},
	} {
		if f.given {
			return f.field, cells(f.field)
		}
	}
	return fieldMember, ""
}

// ask adds the names to a query.
func (n memberName) ask(q *noren.MemberQuery) {
	add := func(list *[]string, values ...string) {
		for _, v := range values {
			if v != "" {
				*list = append(*list, v)
			}
		}
	}
	add(&q.Codes, n.code, n.any)
	add(&q.AliasCodes, n.alias, n.any)
	add(&q.ShopifyIDs, n.shopify)
	add(&q.Emails, n.email)
	if n.id != 0 {
		q.IDs = append(q.IDs, n.id)
	}
	switch narrow := halfWidth(n.any); {
	case strings.Contains(narrow, "@"):
		add(&q.Emails, narrow)
	case noren.IsDigits(narrow):
		add(&q.ShopifyIDs, narrow)
		if id, wrong := lenient.Integer(narrow, 1, noren.MaxMemberID); wrong == nil {
			q.IDs = append(q.IDs, id)
		}
	}
}

// memberFinder finds the members that lines name. It is filled by two statements.
type memberFinder struct {
	refs  []noren.MemberRef
	byID  map[int64]noren.Member
	store *int64
}

// findMembers reads the members that the names name, and locks them if the run is writing.
func (r run) findMembers(ctx context.Context, names []memberName) (memberFinder, error) {
	f := memberFinder{byID: make(map[int64]noren.Member), store: r.StoreID}
	var q noren.MemberQuery
	for _, n := range names {
		n.ask(&q)
	}
	var err error
	if f.refs, err = r.tx.MemberRefs(ctx, q); err != nil {
		return f, err
	}
	ids := make([]int64, len(f.refs))
	for i, m := range f.refs {
		ids[i] = m.ID
	}
	stored, err := r.tx.MembersByID(ctx, ids, r.writing)
	for _, m := range stored {
		f.byID[m.ID] = m
	}
	return f, err
}

// find returns the member that the name names, or why it cannot be determined.
func (f memberFinder) find(n memberName) (noren.Member, *problem) {
	ways := []func(noren.MemberRef) bool{
		func(m noren.MemberRef) bool { return n.id != 0 && m.ID == n.id },
		func(m noren.MemberRef) bool { return n.code != "" && m.Code == n.code },
		func(m noren.MemberRef) bool { return n.alias != "" && noren.Deref(m.AliasCode) == n.alias },
		func(m noren.MemberRef) bool { return n.shopify != "" && noren.Deref(m.ShopifyCustomerID) == n.shopify },
		func(m noren.MemberRef) bool { return n.email != "" && sameEmail(m, n.email) },
	}
	if n.any != "" {
		narrow := halfWidth(n.any)
		id, notID := cellInteger(narrow, 1, noren.MaxMemberID)
		ways = []func(noren.MemberRef) bool{
			func(m noren.MemberRef) bool { return m.Code == n.any },
			func(m noren.MemberRef) bool { return noren.Deref(m.AliasCode) == n.any },
			func(m noren.MemberRef) bool {
				return noren.IsDigits(narrow) && noren.Deref(m.ShopifyCustomerID) == narrow
			},
			func(m noren.MemberRef) bool { return strings.Contains(narrow, "@") && sameEmail(m, narrow) },
			func(m noren.MemberRef) bool { return notID == nil && noren.IsDigits(narrow) && m.ID == id },
		}
	}
	for _, is := range ways {
		found := slices.DeleteFunc(slices.Clone(f.refs), func(m noren.MemberRef) bool { return !is(m) || !m.VisibleTo(f.store) })
		switch len(found) {
		case 0:
		case 1:
			if m, locked := f.byID[found[0].ID]; locked {
				return m, nil
			}
		default:
			return noren.Member{}, &problem{noren.ReasonAmbiguous, "", "more than one member has this e-mail address; name the member by code"}
		}
	}
	return noren.Member{}, &problem{noren.ReasonMemberUnknown, "", noren.MemberWords[noren.ReasonMemberUnknown]}
}

func sameEmail(m noren.MemberRef, email string) bool {
	return m.Email != nil && noren.FoldEmail(*m.Email) == noren.FoldEmail(email)
}
