package noren

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Status is the state of a membership (会員状態区分).
type Status string

// The states of a membership. A member who LEFT always has a leave date, an ACTIVE one never has.
const (
	Tentative Status = "TENTATIVE" // 仮会員
	Active    Status = "ACTIVE"    // 利用可
	Suspended Status = "SUSPENDED" // 利用停止
	Lost      Status = "LOST"      // 紛失
	Left      Status = "LEFT"      // 退会
	Merged    Status = "MERGED"    // 名寄せ
)

// Statuses lists every status.
func Statuses() []Status { return []Status{Tentative, Active, Suspended, Lost, Left, Merged} }

// Sex of a member; the zero value is unknown.
type Sex string

// The sexes that dialects have words for.
const (
	SexUnknown Sex = ""
	Male       Sex = "MALE"
	Female     Sex = "FEMALE"
	OtherSex   Sex = "OTHER"
)

// Member is a person or company in the programme (会員). A nil pointer is a column without a value.
type Member struct {
	ID                int64 // at most 10 digits, never reused
	Code              string
	AliasCode         *string
	CustomerNo        *string
	LastName          *string
	FirstName         *string
	LastKana          *string
	FirstKana         *string
	PostalCode        *string
	Prefecture        *string
	Address1          *string
	Address2          *string
	Phone             *string
	Fax               *string
	Mobile            *string
	Email             *string
	Email2            *string
	Email3            *string
	Company           *string
	Department        *string
	Position          *string
	Occupation        *string
	Sex               Sex
	BirthDate         *Date
	EntryDate         *Date
	LeaveDate         *Date
	PointUnitPrice    *int64      // ポイント付与単位(金額)
	PointUnit         *Hundredths // ポイント付与単位(ポイント)
	PIN               *string
	PassportNo        *string
	Nationality       *string
	AlphabetName      *string
	MailOptIn         bool
	Note              *string
	Note2             *string
	Favorites         *string // product codes, comma separated
	Browsing          *string // product codes, comma separated
	Status            Status
	RankID            *int64
	MinimumRankID     *int64 // the lowest rank that a check may let the member fall to
	SkipNextCheck     bool   // the next check of ranks leaves the member alone
	StaffRankID       *int64
	StoreID           *int64 // nil: all stores
	IsInvoiceProvider bool
	InvoiceNumber     *string
	BankCode          *string
	BankBranchCode    *string
	BankAccountNumber *string
	BankAccountName   *string
	LineUserID        *string
	ShopifyCustomerID *string
	LastVisitAt       *int64 // Unix microseconds
	CreatedAt         time.Time
	UpdatedAt         time.Time
}

// Address returns the member's address as one string: prefecture, address1 and address2 joined; nil if none is set.
func (m Member) Address() *string {
	if m.Prefecture == nil && m.Address1 == nil && m.Address2 == nil {
		return nil
	}
	return new(Deref(m.Prefecture) + Deref(m.Address1) + Deref(m.Address2))
}

// VisibleTo reports whether a caller restricted to store may see the member.
func (m Member) VisibleTo(store *int64) bool {
	return MemberRef{StoreID: m.StoreID}.VisibleTo(store)
}

// View is how a dialect sees values for which it has fewer words. A write through a view changes the stored value only
// if it differs from what that view shows now, so writing back what was read changes nothing.
type View uint8

// The views. Canonical sees everything as it is.
const (
	Canonical View = iota
	SmaregiView
	ReCOREView
	EasyPointsView
)

// Status returns how the view shows s, as the canonical status that its word stands for.
func (v View) Status(s Status) Status {
	switch {
	case v == SmaregiView && s == Tentative:
		return Suspended
	case v == ReCOREView && (s == Suspended || s == Lost):
		return Tentative
	default:
		return s
	}
}

// Sex returns how the view shows s.
func (v View) Sex(s Sex) Sex {
	if v == SmaregiView && s == OtherSex {
		return SexUnknown
	}
	return s
}

// splitAddress cuts a leading prefecture off an address; the rest is address1.
func splitAddress(address string) (prefecture, rest *string) {
	for _, p := range prefectures {
		if after, ok := strings.CutPrefix(address, p); ok {
			if after == "" {
				return &p, nil
			}
			return &p, &after
		}
	}
	return nil, &address
}

// InPrefecture returns what of an address is behind the prefecture: all of it if it begins with none. It returns false if the address
// begins with another prefecture.
func InPrefecture(address, prefecture string) (rest string, ok bool) {
	in, behind := splitAddress(address)
	return Deref(behind), in == nil || *in == prefecture
}

// PrefectureOf returns the name of the prefecture with the code of ISO 3166-2, such as JP-13; other texts are returned as they are.
func PrefectureOf(code string) string {
	if digits, ok := strings.CutPrefix(strings.ToUpper(code), "JP-"); ok {
		if n, err := strconv.Atoi(digits); err == nil && n >= 1 && n <= len(prefectures) {
			return prefectures[n-1]
		}
	}
	return code
}

// prefectures are in the order of their codes.
var prefectures = strings.Fields(`北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都
	神奈川県 新潟県 富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県
	鳥取県 島根県 岡山県 広島県 山口県 徳島県 香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県`)

// MemberTx reads and writes members. What is searched moves with them.
type MemberTx interface {
	// MembersByID returns those that exist, ordered by id.
	MembersByID(ctx context.Context, ids []int64, forUpdate bool) ([]Member, error)
	// MembersByCode returns those that exist, ordered by id.
	MembersByCode(ctx context.Context, codes []string) ([]Member, error)
	// MemberHolders returns which members hold the values of a unique column: code, alias_code or shopify_customer_id.
	MemberHolders(ctx context.Context, column string, values []string) (map[string]int64, error)
	// Members returns one page of those that match, and how many match in all.
	Members(ctx context.Context, f MemberFilter) ([]Member, int, error)
	// MemberRefs is LockMembers without the lock.
	MemberRefs(ctx context.Context, q MemberQuery) ([]MemberRef, error)
	// LockMembers returns the members that the query names, ordered by id, and locks them.
	LockMembers(ctx context.Context, q MemberQuery) ([]MemberRef, error)
	// InsertMembers inserts new members. Conflict, with the row and field, if a unique value is taken.
	InsertMembers(ctx context.Context, members []Member) error
	// UpdateMembers writes the columns that differ. Conflict as for InsertMembers.
	UpdateMembers(ctx context.Context, changes []MemberChange) error
}

// MemberChange is one member before and after.
type MemberChange struct{ Before, After Member }

// MemberFilter selects members. Sort columns: id (the default), code, last_kana, first_kana, created_at, updated_at.
type MemberFilter struct {
	Code, CustomerNo string
	IDFrom, IDTo     int64
	IDs              []int64  // nil: any; empty: none
	Codes            []string // as IDs
	AliasCodes       []string // as IDs
	ShopifyIDs       []string // as IDs
	Emails           []string // as IDs; compared without case
	Statuses         []Status // as IDs
	RankIDs          []int64  // as IDs
	StoreIDs         []int64  // as IDs; members of all stores match none
	Created, Updated Span
	Keyword          string   // matched as in package search
	Typed            bool     // a person typed the keyword: numbers and days in any form are found too, as by search.Typed
	Unseen           []string // columns that the keyword does not look at, because the caller may not see them
	VisibleTo        *int64   // only members of this store or of all stores
	WithAttachments  bool     // for Service.Members: load the attachments too; an engine ignores it
	NoTotal          bool     // the total is not needed: it is -1 if counting would cost a statement
	Sort             []Sort
	Page
}

// Prefectures lists the prefectures of Japan, from the north.
func Prefectures() []string { return slices.Clone(prefectures) }
