package members

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"noren"
	"noren/app/unit"
	"noren/lenient"
)

// Twin is a stored member who may be the person that somebody wants to register.
type Twin struct {
	noren.Member

	Alike []Alike // what is the same; at least one
}

// Alike is what two members have in common that few people share.
type Alike string

// What is compared.
const (
	AlikePhone Alike = "phone" // telephone or mobile, whatever stands between the digits
	AlikeEmail Alike = "email" // whatever the case
	AlikeName  Alike = "name"  // family and given name, and the day of birth
)

// mostTwins bounds how many members are looked at for each thing that is compared. More than a few who share a telephone are no
// twins but the employees of a company.
const mostTwins = 50

// errTwins means that somebody who may be the same person is stored already.
var errTwins = errors.New("may be registered already")

// Register creates one active member for a person, who has ruled out that it is one of those in others. If it may be another one,
// nothing is created and all twins are returned, ordered by id. It is decided in the transaction that creates the member, so that
// a form that is sent twice is not told of its own member. Errors as for Create, and ReasonNameless for a form that was sent empty:
// programs may make members without a name, a person who does so has slipped.
func (s *Service) Register(
	ctx context.Context, c noren.Caller, p noren.MemberPatch, others []int64, once *unit.Once,
) (list List, twins []Twin, kept *noren.KeptAnswer, err error) {
	list, kept, err = s.create(ctx, c, []noren.MemberPatch{p}, noren.Active, once, func(w *writer) (err error) {
		if p.Nameless() {
			return noren.Refusals{{
				Kind: noren.Invalid, Reason: noren.ReasonNameless, Field: "last_name", Message: noren.MemberWords[noren.ReasonNameless],
			}}
		}
		if twins, err = findTwins(ctx, w.tx, c, p); err != nil {
			return err
		}
		if slices.ContainsFunc(twins, func(t Twin) bool { return !slices.Contains(others, t.ID) }) {
			return errTwins
		}
		return nil
	})
	if errors.Is(err, errTwins) {
		return List{}, twins, nil, nil
	}
	return list, nil, kept, err
}

// findTwins returns the members, ordered by id, who may be the person of a patch that would make a new one, as far as the caller
// may see them. It sends a statement or two for
// each telephone number, address and name in the patch.
func findTwins(ctx context.Context, tx Tx, c noren.Caller, p noren.MemberPatch) (list []Twin, err error) {
	found := make(map[int64]*Twin)
	for _, look := range looks(c, p) {
		look.filter.VisibleTo, look.filter.NoTotal, look.filter.Page = c.Client.StoreID, true, noren.Page{Limit: mostTwins}
		candidates, _, err := tx.Members(ctx, look.filter)
		if err != nil {
			return nil, err
		}
		for _, m := range candidates {
			if !look.same(m) {
				continue
			}
			if found[m.ID] == nil {
				found[m.ID] = &Twin{Member: m}
			}
			if t := found[m.ID]; !slices.Contains(t.Alike, look.alike) {
				t.Alike = append(t.Alike, look.alike)
			}
		}
	}
	for _, t := range found {
		list = append(list, *t)
	}
	slices.SortFunc(list, func(a, b Twin) int { return cmp.Compare(a.ID, b.ID) })
	return list, nil
}

// look is one way in which a twin is found: by an index, and then by what must be the same.
type look struct {
	alike  Alike
	filter noren.MemberFilter
	same   func(noren.Member) bool
}

// looks returns what the patch can be compared by.
func looks(c noren.Caller, p noren.MemberPatch) (list []look) {
	numbers := make(map[string]bool) // a number in both columns is looked for once
	for _, field := range []noren.Field[string]{p.Phone, p.Mobile} {
		number, _ := field.Value()
		if number = lenient.Dialled(number); number != "" {
			numbers[number] = true
		}
	}
	for _, number := range slices.Sorted(maps.Keys(numbers)) {
		list = append(list, look{AlikePhone, noren.MemberFilter{Keyword: number, Typed: true}, func(m noren.Member) bool {
			// Whoever may write one of the columns may still not see the other, and learns nothing of it.
			return c.MaySee("phone") && lenient.Dialled(noren.Deref(m.Phone)) == number ||
				c.MaySee("mobile") && lenient.Dialled(noren.Deref(m.Mobile)) == number
		}})
	}
	if email, ok := p.Email.Value(); ok && email != "" && c.MaySee("email") {
		list = append(list, look{AlikeEmail, noren.MemberFilter{Emails: []string{email}}, func(noren.Member) bool { return true }})
	}
	last, _ := p.LastName.Value()
	first, _ := p.FirstName.Value()
	born, dated := p.BirthDate.Value()
	if last != "" && first != "" && dated && c.MaySee("birth_date") {
		// The search has compared the name, whatever its width and variants of kanji, with those of the members and whatever
		// stands around it there. The birthday makes that one person.
		name := strings.Join(strings.Fields(last+first), "")
		list = append(list, look{AlikeName, noren.MemberFilter{Keyword: name}, func(m noren.Member) bool {
			return m.BirthDate != nil && *m.BirthDate == born
		}})
	}
	return list
}
