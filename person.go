package noren

import (
	"context"
	"strconv"
	"time"
)

// Person is somebody whose data is handed out or erased: a member, and what they are recognised by elsewhere.
type Person struct {
	MemberID int64
	// Values are the texts that name the person and nobody else: codes, addresses, numbers.
	Values []string
}

// PersonOf returns the person behind a member.
func PersonOf(m Member) Person {
	p := Person{MemberID: m.ID, Values: []string{m.Code}}
	for _, value := range []*string{
		m.AliasCode, m.CustomerNo, m.Email, m.Email2, m.Email3, m.Phone, m.Mobile, m.Fax, m.PIN, m.PassportNo, m.InvoiceNumber, m.LineUserID,
		m.ShopifyCustomerID,
	} {
		if Deref(value) != "" {
			p.Values = append(p.Values, *value)
		}
	}
	return p
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
	// PersonTraces lists the places where something of each person is stored that is found by nothing but its text, by member.
	PersonTraces(ctx context.Context, people []Person) (map[int64][]Trace, error)
	// ErasePeople removes the people from those places, and the members' notes, files, texts of points and audit values. It
	// returns how many of what there were of each member. waiting has the members whom an import names that is not finished,
	// with the import; nothing of them is removed.
	ErasePeople(ctx context.Context, people []Person) (removed map[int64]map[string]int, waiting map[int64]int64, err error)
	// AddErasures stores receipts.
	AddErasures(ctx context.Context, receipts []Erasure) error
	// Erasures lists the receipts, newest first.
	Erasures(ctx context.Context) ([]Erasure, error)
}
