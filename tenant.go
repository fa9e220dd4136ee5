package noren

import (
	"sync"
	"time"
)

// TenantID numbers a tenant inside one database. Clients never see it: they know the contract id.
type TenantID int64

// Plan is what a tenant has subscribed to; it decides which endpoints answer (対象プラン).
type Plan string

// The plans of the Smaregi documents.
const (
	PlanStarter        Plan = "starter"
	PlanStandard       Plan = "standard"
	PlanPremium        Plan = "premium"
	PlanPremiumPlus    Plan = "premium_plus"
	PlanFoodBusiness   Plan = "food_business"
	PlanRetailBusiness Plan = "retail_business"
)

// Plans lists every plan.
func Plans() []Plan {
	return []Plan{PlanStarter, PlanStandard, PlanPremium, PlanPremiumPlus, PlanFoodBusiness, PlanRetailBusiness}
}

// Tenant is one contracting company. Every other row belongs to exactly one tenant.
type Tenant struct {
	ID                 TenantID `json:"-"`
	Contract           string   `json:"-"` // contract id, company id and shop id at once
	Name               string   `json:"name"`
	Plan               Plan     `json:"plan"`
	Timezone           string   `json:"timezone"`            // IANA name
	Currency           string   `json:"currency"`            // ISO 4217
	HeadquartersLinked bool     `json:"headquarters_linked"` // 会員本部連携を行う契約
	// RequiredColumns are the member columns that the Smaregi dialect may not clear (会員必須項目設定), by its names.
	RequiredColumns []string       `json:"required_columns"`
	Points          PointSettings  `json:"points"`
	Programme       *RankProgramme `json:"rank_programme"` // nil: ranks do not evaluate themselves
	Pace            Pace           `json:"rate_limits"`
}

// Pace says how fast a tenant's clients may go.
type Pace struct {
	Off   bool `json:"off"`   // they are not held to any pace
	Times int  `json:"times"` // how many times the documented pace; 0 is once
}

// PointSettings say how a tenant's points behave.
type PointSettings struct {
	Enabled            bool   `json:"enabled"`
	ExpiresAfterMonths int    `json:"expires_after_months"` // 0: points never expire
	DefaultTitle       string `json:"default_title"`        // what free points are called
	PaidTitle          string `json:"paid_title"`           // what paid points are called
}

// zones remembers the zones that were looked up, because reading one costs a file. It only ever grows by facts.
var zones sync.Map // name → *time.Location

// Location is the tenant's zone; UTC where the name is unknown, which a stored tenant's never is.
func (t Tenant) Location() *time.Location {
	if zone, ok := zones.Load(t.Timezone); ok {
		return zone.(*time.Location)
	}
	zone, err := time.LoadLocation(t.Timezone)
	if err != nil {
		return time.UTC
	}
	zones.Store(t.Timezone, zone)
	return zone
}

// RequirableColumns lists what RequiredColumns may name, as the notes of the Smaregi page do.
func RequirableColumns() []string {
	return []string{
		"customerNo", "rank", "firstKana", "lastKana", "postCode", "address", "phoneNumber", "faxNumber",
		"mobileNumber", "mailAddress", "birthDate", "pointExpireDate", "entryDate", "pinCode",
	}
}
