package noren

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// Person is somebody whose data is handed out or erased: a member, and what they are recognised by elsewhere.
type Person struct {
	MemberID int64
	// Values are the texts that name the person and nobody else: codes, addresses, numbers.
	Values []string
	// Customers are those of the values that are numbers of Shopify customers.
	Customers []string
	// Names are the last and first name, as written and as read. Others may have them too, so they are looked for only where
	// something is removed: what is handed out to one must not be about another of the same name.
	Names [][2]string
}

// personColumns are the columns whose values name one member. A PIN is not one of them: a thousand others have the same.
func personColumns() map[string]bool {
	return map[string]bool{
		"code": true, "alias_code": true, "customer_no": true, "email": true, "email2": true, "email3": true, "phone": true, "mobile": true,
		"fax": true, "passport_no": true, "invoice_number": true, "line_user_id": true, "shopify_customer_id": true,
	}
}

// NamesPerson reports whether a field of a file with lines of that kind has what names one member, such as a code.
func NamesPerson(kind ImportKind, field string) bool {
	if field == "code" { // of a product, in a file of products
		return kind == ImportMembers
	}
	return field == "member" || personColumns()[field]
}

// PersonOf returns the person behind a member.
func PersonOf(m Member) Person {
	p := Person{MemberID: m.ID}
	named := personColumns()
	for _, c := range MemberColumns() {
		if !named[c.Name] {
			continue
		}
		switch v := c.Ref(&m).(type) {
		case *string:
			p.add(*v)
		case **string:
			p.add(Deref(*v))
		}
	}
	p.addCustomer(Deref(m.ShopifyCustomerID))
	return p
}

// Erasable returns the person with all that they may be found by where something is removed: their names, and what changes of the
// member, as the audit log has them, say they were known by before.
func (p Person) Erasable(m Member, changes []json.RawMessage) Person {
	p.Values, p.Customers = slices.Clone(p.Values), slices.Clone(p.Customers)
	parts := map[string][]string{
		"last_name": {Deref(m.LastName)}, "first_name": {Deref(m.FirstName)},
		"last_kana": {Deref(m.LastKana)}, "first_kana": {Deref(m.FirstKana)},
	}
	named := personColumns()
	for _, text := range changes {
		columns := make(map[string]json.RawMessage)
		if json.Unmarshal(text, &columns) != nil {
			continue // an entry that tells of no columns
		}
		for column, pair := range columns {
			var values [2]*string
			if json.Unmarshal(pair, &values) != nil {
				continue // numbers name nobody
			}
			for _, v := range values {
				if column == "shopify_customer_id" {
					p.addCustomer(Deref(v))
				}
				if named[column] {
					p.add(Deref(v))
				} else if _, part := parts[column]; part {
					parts[column] = append(parts[column], Deref(v))
				}
			}
		}
	}
	// Who has changed the one may have kept the other.
	for _, whole := range [][2]string{{"last_name", "first_name"}, {"last_kana", "first_kana"}} {
		for _, last := range parts[whole[0]] {
			for _, first := range parts[whole[1]] {
				if name := [2]string{last, first}; last != "" && first != "" && !slices.Contains(p.Names, name) {
					p.Names = append(p.Names, name)
				}
			}
		}
	}
	return p
}

// add adds a value that is not there yet.
func (p *Person) add(value string) {
	if value != "" && !slices.Contains(p.Values, value) {
		p.Values = append(p.Values, value)
	}
}

// addCustomer adds a Shopify customer that is not there yet.
func (p *Person) addCustomer(number string) {
	if number != "" && !slices.Contains(p.Customers, number) {
		p.Customers = append(p.Customers, number)
	}
}

// Erased returns the member without anything that tells who it was. What the business counts by stays: the number, ranks,
// store and times. A member who was erased has left.
func (m Member) Erased(today Date) Member {
	left := today
	if m.LeaveDate != nil {
		left = *m.LeaveDate
	}
	return Member{
		ID: m.ID, Code: "ERASED-" + strconv.FormatInt(m.ID, 10), Status: Left, LeaveDate: &left, RankID: m.RankID,
		MinimumRankID: m.MinimumRankID, StaffRankID: m.StaffRankID, StoreID: m.StoreID, CreatedAt: m.CreatedAt, UpdatedAt: m.UpdatedAt,
	}
}

// Trace is one place outside the member where something of a person is stored.
type Trace struct {
	What    string `json:"what"` // bulk request, kept answer, import, refused line, webhook
	Where   string `json:"where"`
	Content string `json:"content"`
}

// Erasure is the receipt of a person who was erased. It says what was removed, and not of whom.
type Erasure struct {
	MemberID int64          `json:"member_id"`
	At       time.Time      `json:"at"`
	By       string         `json:"by"`      // login of the user, or operator, or the other system
	Removed  map[string]int `json:"removed"` // how many of what
}

// PersonTx finds and removes what is stored of a person beside the member itself.
type PersonTx interface {
	// ChangesOf returns what the audit log has of changes of each member, by member.
	ChangesOf(ctx context.Context, members []int64) (map[int64][]json.RawMessage, error)
	// PersonTraces lists the places where something of each person is stored that is found by nothing but its text, by member.
	PersonTraces(ctx context.Context, people []Person) (map[int64][]Trace, error)
	// AwaitLane locks the tenant's lane until the transaction ends, waiting for whoever applies bulk requests: what was read of them
	// before somebody is erased must not be written to a member afterwards. It comes before members are locked.
	AwaitLane(ctx context.Context) error
	// ErasePeople removes the people from those places, and the members' notes, files, texts of points, audit values, and the
	// customers of other systems that their purchases name, held ones too. A callback that is still to be sent keeps its URL until it
	// has been delivered or given up, and then has what is left of it without them. A person without a member has the MemberID 0. It
	// returns how many of what there were of each member. waiting has the members whom an import names that is not finished,
	// with the import; nothing of them is removed.
	ErasePeople(ctx context.Context, people []Person) (removed map[int64]map[string]int, waiting map[int64]int64, err error)
	// EraseCustomers removes from purchases and messages whose they were, for all customers of the source, and their numbers from the
	// audit log.
	EraseCustomers(ctx context.Context, source string) error
	// AddErasures stores receipts.
	AddErasures(ctx context.Context, receipts []Erasure) error
	// Erasures lists the receipts, newest first.
	Erasures(ctx context.Context) ([]Erasure, error)
}
