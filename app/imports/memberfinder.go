package imports

import (
	"context"

	"noren"
)

// memberName is how a line about something else than members names one.
type memberName struct {
	key   noren.MemberKey
	text  string // the cell of a column that does not say what names the member
	last  string // only to compare
	first string
}

func (n memberName) given() bool { return n.text != "" || n.key != noren.MemberKey{} }

// keys returns the keys by which the member is looked up, in the order in which they count. The text stands where [noren.MemberKey]
// has the code.
func (n memberName) keys() []noren.MemberKey {
	if n.text != "" && n.key.ID == 0 {
		return noren.TextKeys(n.text, halfWidth(n.text))
	}
	return []noren.MemberKey{n.key.First()}
}

// field returns the field by which the line names its member.
func (n memberName) field() string {
	if n.text != "" && n.key.ID == 0 {
		return fieldMember
	}
	field, _ := n.key.Field()
	return field
}

// read reads one cell; known is false for a field that names no member.
func (n *memberName) read(field, cell string) (known bool, wrong *problem) {
	switch field {
	case fieldMember:
		n.text, wrong = cellKey(cell)
	case fieldMemberID:
		n.key.ID, wrong = cellInteger(cell, 1, noren.MaxMemberID)
	case fieldAlias:
		n.key.AliasCode, wrong = cellKey(cell)
	case fieldShopify:
		n.key.ShopifyCustomerID, wrong = cellShopifyID(cell)
	case fieldEmail:
		n.key.Email = halfWidth(cell)
	case fieldFullName:
		n.last, n.first = splitName(cell)
	case fieldLastName:
		n.last = cell
	case fieldFirstName:
		n.first = cell
	default:
		return false, nil
	}
	return true, wrong
}

// memberFinder finds the members that lines name. It is filled by two statements.
type memberFinder struct {
	ids  map[noren.MemberKey][]int64 // those that the caller may see, by each key that names them
	byID map[int64]noren.Member
}

// findMembers reads the members that the names name, and locks them if the run is writing.
func (r run) findMembers(ctx context.Context, names []memberName) (memberFinder, error) {
	f := memberFinder{ids: make(map[noren.MemberKey][]int64), byID: make(map[int64]noren.Member)}
	var q noren.MemberQuery
	for _, n := range names {
		if !n.given() {
			continue
		}
		for _, k := range n.keys() {
			k.Ask(&q)
		}
	}
	refs, err := r.tx.MemberRefs(ctx, q)
	if err != nil {
		return f, err
	}
	ids := make([]int64, len(refs))
	for i, m := range refs {
		ids[i] = m.ID
		if !m.VisibleTo(r.StoreID) {
			continue
		}
		for _, k := range m.Keys() {
			f.ids[k] = append(f.ids[k], m.ID)
		}
	}
	stored, err := r.tx.MembersByID(ctx, ids, r.writing)
	for _, m := range stored {
		f.byID[m.ID] = m
	}
	return f, err
}

// find returns the member that the name names, or why it cannot be determined.
func (f memberFinder) find(n memberName) (noren.Member, *problem) {
	for _, k := range n.keys() {
		switch found := f.ids[k.First()]; len(found) {
		case 0:
		case 1:
			if m, stored := f.byID[found[0]]; stored {
				return m, nil
			}
		default:
			return noren.Member{}, &problem{noren.ReasonAmbiguous, "", "more than one member has this e-mail address; name the member by code"}
		}
	}
	return noren.Member{}, &problem{noren.ReasonMemberUnknown, "", noren.MemberWords[noren.ReasonMemberUnknown]}
}
