package noren

import (
	"strings"
	"time"

	"noren/ladder"
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

// The sexes that dialects can say.
const (
	SexUnknown Sex = ""
	Male       Sex = "MALE"
	Female     Sex = "FEMALE"
	OtherSex   Sex = "OTHER"
)

// Member is a person or company in the programme (会員). A nil pointer is a column that is not set.
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

// Address is the member's address as one string: prefecture, address1 and address2 joined; nil where all are unset.
func (m Member) Address() *string {
	if m.Prefecture == nil && m.Address1 == nil && m.Address2 == nil {
		return nil
	}
	return new(deref(m.Prefecture) + deref(m.Address1) + deref(m.Address2))
}

// VisibleTo reports whether a caller restricted to store may see the member: one of that store or of all stores.
func (m Member) VisibleTo(store *int64) bool {
	return store == nil || m.StoreID == nil || *m.StoreID == *store
}

func deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// View is a dialect's way of seeing what it has fewer words for. A write through a view changes the stored value
// only where it differs from what that view shows now, so writing back what was read changes nothing.
type View uint8

// The views. Canonical sees everything as it is.
const (
	Canonical View = iota
	SmaregiView
	ReCOREView
	EasyPointsView
)

// Status is how the view shows s, as the canonical status that its word stands for.
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

// Sex is how the view shows s.
func (v View) Sex(s Sex) Sex {
	if v == SmaregiView && s == OtherSex {
		return SexUnknown
	}
	return s
}

// Rank is how the view shows the rank with that id, of a ladder that is given from the lowest up.
func (v View) Rank(ranks []Rank, id *int64) *int64 {
	if shown := ladder.Shown(ranks, id); v == EasyPointsView && id == nil && shown != nil {
		return &shown.ID
	}
	return id
}

// splitAddress takes a leading prefecture off an address; what remains is address1.
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

var prefectures = strings.Fields(`北海道 青森県 岩手県 宮城県 秋田県 山形県 福島県 茨城県 栃木県 群馬県 埼玉県 千葉県 東京都
	神奈川県 新潟県 富山県 石川県 福井県 山梨県 長野県 岐阜県 静岡県 愛知県 三重県 滋賀県 京都府 大阪府 兵庫県 奈良県 和歌山県
	鳥取県 島根県 岡山県 広島県 山口県 徳島県 香川県 愛媛県 高知県 福岡県 佐賀県 長崎県 熊本県 大分県 宮崎県 鹿児島県 沖縄県`)
