package shopfile

import (
	"regexp"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/currency"

	"noren"
)

// What numbers may be. The digits of ids are those of the Smaregi documents.
const (
	memberIDDigits    = 10
	catalogueIDDigits = 15 // products, stores, ranks, staff
	maxAmount         = 999_999_999_999
)

// contractForm is what a contract id may look like: it is part of the paths of the Smaregi dialect.
var contractForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// shops reads the whole document, tenant by tenant.
func (r *reader) shops(document ast.Node) []noren.Shop {
	if document == nil {
		return nil
	}
	top := r.mapping(document, "the shop file")
	if top == nil {
		return nil
	}
	top.require("tenants")
	tenants := top.list("tenants", "each tenant")
	top.finish()
	shops := make([]noren.Shop, 0, len(tenants))
	for _, n := range tenants {
		if m := r.mapping(n, "a tenant"); m != nil {
			shops = append(shops, r.tenant(m))
		}
	}
	return shops
}

// tenant reads one tenant. What others refer to comes first, whatever its place in the file.
func (r *reader) tenant(m *mapping) noren.Shop {
	t := tenantReader{reader: r, m: m}
	m.require("id", "name")
	if m.text("id", &t.shop.Contract) {
		if !contractForm.MatchString(t.shop.Contract) {
			m.fail("id", "a contract id is 1 to 64 letters, digits, _, - or ., because it stands in addresses")
		}
		r.contracts.add(r, m.lineOf("id"), t.shop.Contract, "the tenant %q", t.shop.Contract)
	}
	// Members, staff and clients name stores and ranks, so those come before them.
	t.settings()
	t.stores()
	t.ranks()
	t.staffRanks()
	t.products()
	t.staff()
	t.members()
	t.purchases()
	t.shopify()
	t.consoleUsers()
	t.clients()
	m.finish()
	return t.shop
}

// tenantReader reads one tenant.
type tenantReader struct {
	*reader
	m    *mapping
	shop noren.Shop
}

// entries reads each entry of the tenant's list under key, which is called what. unknown keys are reported after.
func (t *tenantReader) entries(key, what string, read func(*mapping)) {
	for _, n := range t.m.list(key, what) {
		if m := t.mapping(n, what); m != nil {
			read(m)
			m.finish()
		}
	}
}

// section reads the mapping under key, if it is there.
func (t *tenantReader) section(key string, read func(*mapping)) {
	if n := t.m.node(key); n != nil {
		if m := t.mapping(n, key); m != nil {
			read(m)
			m.finish()
		}
	}
}

// set reads a key into a field of a patch, which stays absent where the key is.
func set[T any](read func(string, *T) bool, key string, to *noren.Field[T]) {
	var v T
	if read(key, &v) {
		*to = noren.Set(v)
	}
}

// settings reads what concerns the tenant as a whole. A key that is absent leaves the setting as it is stored; points and
// rank_programme are each taken whole.
func (t *tenantReader) settings() {
	m, patch := t.m, &t.shop.Tenant
	set(m.text, "name", &patch.Name)
	set(t.plan, "plan", &patch.Plan)
	set(t.timezone, "timezone", &patch.Timezone)
	set(t.currency, "currency", &patch.Currency)
	set(m.boolean, "headquarters_linked", &patch.HeadquartersLinked)
	set(func(key string, to *[]string) bool {
		return m.words(key, "the column", to, noren.RequirableColumns())
	}, "required_columns", &patch.RequiredColumns)
	t.section("points", func(m *mapping) { patch.Points = noren.Set(points(m)) })
	t.section("rank_programme", func(m *mapping) { patch.Programme = noren.Set(programme(m)) })
	t.section("rate_limits", func(m *mapping) { patch.Pace = noren.Set(pace(m)) })
}

// plan reads what the tenant has subscribed to (対象プラン).
func (t *tenantReader) plan(key string, to *noren.Plan) bool {
	return word(t.m, key, to, noren.Plans()...)
}

// word is mapping.word for a type of its own.
func word[T ~string](m *mapping, key string, to *T, allowed ...T) bool {
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	var v string
	if !m.word(key, &v, words...) {
		return false
	}
	*to = T(v)
	return true
}

// timezone reads the name of a zone of the tz database. "Local" is the server's and may change under the tenant.
func (t *tenantReader) timezone(key string, to *string) bool {
	var name string
	if !t.m.text(key, &name) {
		return false
	}
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		t.m.fail(key, "%q is no time zone; name one of the tz database, such as Asia/Tokyo", name)
		return false
	}
	*to = name
	return true
}

// currency reads a code of ISO 4217. ParseISO takes small letters too; stored codes are compared as they are.
func (t *tenantReader) currency(key string, to *string) bool {
	var code string
	if !t.m.text(key, &code) {
		return false
	}
	if unit, err := currency.ParseISO(code); err != nil || unit.String() != code {
		t.m.fail(key, "%q is no currency of ISO 4217; they have three capital letters, such as JPY", code)
		return false
	}
	*to = code
	return true
}

// points reads how points behave; what is left out is as for a tenant that says nothing of points.
func points(m *mapping) noren.PointSettings {
	p := noren.DefaultPoints()
	m.boolean("enabled", &p.Enabled)
	months(m, "expires_after_months", &p.ExpiresAfterMonths, 0)
	m.text("default_title", &p.DefaultTitle)
	m.text("paid_title", &p.PaidTitle)
	return p
}

// maxPaceTimes bounds the multiple of a documented pace; beyond it, rate limits might as well be off.
const maxPaceTimes = 1000

// pace reads how fast the tenant's clients may go; what is left out is as documented.
func pace(m *mapping) (p noren.Pace) {
	m.boolean("off", &p.Off)
	var times int64
	if m.integer("times", &times, 1, maxPaceTimes) {
		p.Times = int(times)
	}
	return p
}

// programme reads when ranks are checked. What is left out: every month, over the last twelve, one step down at a
// time, counted from a January.
func programme(m *mapping) noren.RankProgramme {
	p := noren.RankProgramme{Start: "2000-01", WindowMonths: 12, CheckEveryMonths: 1, Demotion: demotions[0]}
	var start string
	if m.text("start", &start) {
		var err error
		if p.Start, err = noren.ParseMonth(start); err != nil {
			m.fail("start", "%v", err)
		}
	}
	months(m, "window_months", &p.WindowMonths, 1)
	months(m, "check_every_months", &p.CheckEveryMonths, 1)
	m.boolean("never_rank_down", &p.NeverRankDown)
	m.word("demotion", &p.Demotion, demotions[:]...)
	return p
}

// demotions are what can happen to a member who did not spend enough; the first is the default.
var demotions = [...]string{"one_step", "earned"}

// months reads a number of months into an int.
func months(m *mapping, key string, to *int, least int64) {
	var n int64
	if m.integer(key, &n, least, noren.MaxProgrammeMonths) {
		*to = int(n)
	}
}

// storeRef reads a store by id, or by its name where the file defines it.
func (t *tenantReader) storeRef(m *mapping, key string, to *int64) bool {
	n := m.node(key)
	if n == nil {
		return false
	}
	if n.Type() == ast.IntegerType {
		if !m.id(key, to, catalogueIDDigits) {
			return false
		}
		i := slices.IndexFunc(t.shop.Stores, func(s noren.Store) bool { return s.ID == *to })
		// A file without stores of its own may name those that are stored.
		if i < 0 && t.m.node("stores") != nil {
			m.fail(key, "there is no store with the id %d", *to)
		}
		return true
	}
	var name string
	if !m.text(key, &name) {
		return false
	}
	found := 0 // a name is looked up in the file alone: stored names may have changed
	for _, s := range t.shop.Stores {
		if s.Name == name {
			*to = s.ID
			found++
		}
	}
	switch found {
	case 0:
		m.fail(key, "there is no store named %q in this tenant's stores", name)
	case 1:
		return true
	default:
		m.fail(key, "%d stores are named %q; give the id", found, name)
	}
	return false
}
