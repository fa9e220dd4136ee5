package noren

import (
	"context"
	"sync"
	"time"
)

// SigningKeyShopify names the secret with which Shopify signs its webhooks.
const SigningKeyShopify = "shopify.webhook_secret"

// TenantPatch says what to change in a tenant's settings.
type TenantPatch struct {
	Name               Field[string]
	Plan               Field[Plan]
	Timezone           Field[string]
	Currency           Field[string]
	HeadquartersLinked Field[bool]
	RequiredColumns    Field[[]string]
	SensitiveColumns   Field[[]SensitiveColumn]
	Points             Field[PointSettings]
	Programme          Field[RankProgramme]
	RateLimit          Field[RateLimit]
	Keep               Field[Retention]
}

// NewTenantDefaults sets what a shop file says nothing about for a new tenant: every endpoint is available, and points
// never expire.
func NewTenantDefaults(t Tenant) Tenant {
	t.Plan, t.Timezone, t.Currency = PlanPremiumPlus, "Asia/Tokyo", "JPY"
	t.Points = DefaultPoints()
	return t
}

// DefaultPoints returns the point settings of a tenant whose shop file has none.
func DefaultPoints() PointSettings {
	return PointSettings{Enabled: true, DefaultTitle: "通常P", PaidTitle: "有償P"}
}

// Apply returns t with the patch's settings; null counts as absent.
func (p TenantPatch) Apply(t Tenant, now int64) Tenant {
	set(&t.Name, p.Name)
	set(&t.Plan, p.Plan)
	set(&t.Timezone, p.Timezone)
	set(&t.Currency, p.Currency)
	set(&t.HeadquartersLinked, p.HeadquartersLinked)
	set(&t.RequiredColumns, p.RequiredColumns)
	set(&t.SensitiveColumns, p.SensitiveColumns)
	set(&t.Points, p.Points)
	set(&t.RateLimit, p.RateLimit)
	set(&t.Keep, p.Keep)
	if programme, ok := p.Programme.Value(); ok {
		programme.EffectiveFromUnix = now
		// Checks until EffectiveFromUnix are never due. If the calendar is the same, a new time would skip a check that is
		// due now, so the old time stays.
		if t.Programme != nil && t.Programme.SameCalendar(programme) {
			programme.EffectiveFromUnix = t.Programme.EffectiveFromUnix
		}
		t.Programme = &programme
	}
	return t
}

func set[T any](to *T, f Field[T]) {
	if v, ok := f.Value(); ok {
		*to = v
	}
}

// TenantID identifies a tenant within one database. Clients never see it; they use the contract id.
type TenantID int64

// Plan is what a tenant has subscribed to; it decides which endpoints are available (対象プラン).
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
	Contract           string   `json:"-"` // called contract id, company id or shop id in the dialects
	Name               string   `json:"name"`
	Plan               Plan     `json:"plan"`
	Timezone           string   `json:"timezone"`            // IANA name
	Currency           string   `json:"currency"`            // ISO 4217
	HeadquartersLinked bool     `json:"headquarters_linked"` // 会員本部連携を行う契約
	// RequiredColumns are the member columns that the Smaregi dialect must not clear (会員必須項目設定), by their names there.
	RequiredColumns []string `json:"required_columns"`
	// SensitiveColumns are those that the tenant adds to SensitiveColumns, or for which it names other roles.
	SensitiveColumns []SensitiveColumn `json:"sensitive_columns,omitempty"`
	Points           PointSettings     `json:"points"`
	Programme        *RankProgramme    `json:"rank_programme"` // nil: ranks are not checked automatically
	RateLimit        RateLimit         `json:"rate_limits"`
	Keep             Retention         `json:"keep,omitzero"`
}

// RateLimit is the rate limit of a tenant's clients.
type RateLimit struct {
	Off   bool `json:"off"`   // no rate limit
	Times int  `json:"times"` // multiple of the documented rate limit; 0 means 1
}

// PointSettings say how a tenant's points behave.
type PointSettings struct {
	Enabled            bool          `json:"enabled"`
	ExpiresAfterMonths int           `json:"expires_after_months"` // 0: points never expire
	DefaultTitle       string        `json:"default_title"`        // shown name of free points
	PaidTitle          string        `json:"paid_title"`           // shown name of paid points
	Earn               EarnProgramme `json:"earn,omitzero"`        // what purchases earn
	// EntryLimits bound what people give and take by hand; nil: DefaultEntryLimits.
	EntryLimits *EntryLimits `json:"entry_limits,omitempty"`
}

// EntryLimits bound how many points a console user may give or take at once. They do not bind programs, which do not mistype.
type EntryLimits struct {
	Staff        int64 `json:"staff"`         // the most that one entry of a Clerk moves
	Admin        int64 `json:"admin"`         // the same for an Admin
	ConfirmAbove int64 `json:"confirm_above"` // more than this is asked about before it is moved
}

// DefaultEntryLimits are those of a tenant whose shop file has none. They leave room for every gift of goodwill, and stop a
// number with three zeros too many.
func DefaultEntryLimits() EntryLimits {
	return EntryLimits{Staff: 100_000, Admin: 1_000_000, ConfirmAbove: 10_000}
}

// EntryLimit returns the most points that the caller may move by one entry, and above how many it must confirm them.
func (c Caller) EntryLimit() (most, confirmAbove int64) {
	limits := DefaultEntryLimits()
	if own := c.Tenant.Points.EntryLimits; own != nil {
		limits = *own
	}
	switch {
	case c.Login == "": // a program
		return MaxPoints, MaxPoints
	case c.HasScope(string(Admin)):
		return limits.Admin, limits.ConfirmAbove
	default:
		return limits.Staff, limits.ConfirmAbove
	}
}

// zones caches zones, because loading one reads a file. A zone never changes, so entries never expire.
var zones sync.Map // name → *time.Location

// Location returns the tenant's zone; UTC if the name is unknown, which does not happen for a stored tenant.
func (t Tenant) Location() *time.Location {
	loaded, _ := zones.Load(t.Timezone)
	if zone, ok := loaded.(*time.Location); ok {
		return zone
	}
	zone, err := time.LoadLocation(t.Timezone)
	if err != nil {
		return time.UTC
	}
	zones.Store(t.Timezone, zone)
	return zone
}

// RequirableColumns lists the names that RequiredColumns may have, from the notes of the Smaregi page.
func RequirableColumns() []string {
	return []string{
		"customerNo", "rank", "firstKana", "lastKana", "postCode", "address", "phoneNumber", "faxNumber",
		"mobileNumber", "mailAddress", "birthDate", "pointExpireDate", "entryDate", "pinCode",
	}
}

// TenantTx reads and writes the tenant's settings.
type TenantTx interface {
	Tenant(ctx context.Context) (Tenant, error)
	PutTenant(ctx context.Context, t Tenant) error
}

// TenantDirectory finds tenants.
type TenantDirectory interface {
	// Tenants lists all tenants by contract id.
	Tenants(ctx context.Context) ([]Tenant, error)
	// TenantByContract finds the tenant with that contract id. NotFound if there is none.
	TenantByContract(ctx context.Context, contract string) (Tenant, error)
	// EnsureTenant returns the tenant with that contract id, and creates an empty one if there is none.
	EnsureTenant(ctx context.Context, contract string) (tenant Tenant, created bool, err error)
}
