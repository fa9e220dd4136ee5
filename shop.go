package noren

// Shop is what a shop file says of one tenant: the state that the database is to be brought to. What it leaves out
// stays as it is.
type Shop struct {
	Contract     string
	Tenant       TenantPatch
	Ranks        []Rank // from the lowest up; positions are filled in from the order
	StaffRanks   []StaffRank
	Stores       []Store
	Products     []Product
	Staff        []Staff
	Members      []MemberPatch // by id, or by code where the id is 0
	Purchases    []PurchaseEvent
	SigningKeys  map[string]string // by name, such as SigningKeyShopify
	ConsoleUsers []ShopConsoleUser
	Clients      []ShopClient
}

// SigningKeyShopify names the secret that Shopify signs its webhooks with.
const SigningKeyShopify = "shopify.webhook_secret"

// TenantPatch says what to change in a tenant's settings.
type TenantPatch struct {
	Name               Field[string]
	Plan               Field[Plan]
	Timezone           Field[string]
	Currency           Field[string]
	HeadquartersLinked Field[bool]
	RequiredColumns    Field[[]string]
	Points             Field[PointSettings]
	Programme          Field[RankProgramme]
	Pace               Field[Pace]
}

// newTenantDefaults are the settings of a tenant that a shop file says nothing of: every endpoint answers, and
// points never expire.
func newTenantDefaults(t Tenant) Tenant {
	t.Plan, t.Timezone, t.Currency = PlanPremiumPlus, "Asia/Tokyo", "JPY"
	t.Points = DefaultPoints()
	return t
}

// DefaultPoints are the point settings of a tenant that says nothing of them.
func DefaultPoints() PointSettings {
	return PointSettings{Enabled: true, DefaultTitle: "通常P", PaidTitle: "有償P"}
}

// apply answers the tenant with the patch's settings; null is treated as absent.
func (p TenantPatch) apply(t Tenant, now int64) Tenant {
	set(&t.Name, p.Name)
	set(&t.Plan, p.Plan)
	set(&t.Timezone, p.Timezone)
	set(&t.Currency, p.Currency)
	set(&t.HeadquartersLinked, p.HeadquartersLinked)
	set(&t.RequiredColumns, p.RequiredColumns)
	set(&t.Points, p.Points)
	set(&t.Pace, p.Pace)
	if programme, ok := p.Programme.Value(); ok {
		programme.EffectiveFromUnix = now
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

// ShopConsoleUser is a console user with a password in the clear.
type ShopConsoleUser struct {
	Login, Password string
	Role            Role
	StoreID         *int64 // restricts what the user sees and changes; nil: the whole tenant
}

// ShopClient is a client as a shop file gives it, by name. Empty credentials are made up when the client is new.
type ShopClient struct {
	Name          string
	Dialect       Dialect
	Kind          ClientKind
	StoreID       *int64
	Scopes        []string
	Key           string // client_id, public_key
	Secret        string // client_secret, secret_key
	WebhookSecret string
	AccessToken   string // of a user client
}

// ClientCredentials are what a client's user needs. A secret is there only when it was made just now or given by the
// shop file, because only its hash is stored.
type ClientCredentials struct {
	Tenant        string // contract id
	Name          string
	Dialect       Dialect
	Kind          ClientKind
	Key           string
	Secret        string
	WebhookSecret string
	AccessToken   string
}

// ShopReport says what ApplyShop did.
type ShopReport struct {
	Contract string
	Lines    []ShopReportLine // in the order in which they were applied
	Clients  []ClientCredentials
}

// ShopReportLine counts what was done to one kind of thing.
type ShopReportLine struct {
	What                        string // "ranks", "members", …
	Created, Updated, Unchanged int
}

// Changed reports whether anything was created or updated.
func (r ShopReport) Changed() bool {
	for _, l := range r.Lines {
		if l.Created+l.Updated > 0 {
			return true
		}
	}
	return false
}
