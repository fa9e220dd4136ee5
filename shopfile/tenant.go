package shopfile

import (
	"regexp"
	"slices"
	"time"

	"github.com/goccy/go-yaml/ast"
	"golang.org/x/text/currency"

	"noren"
	"noren/app/shop"
)

// The limits of numbers. IDs have as many digits as in the Smaregi documents.
const (
	memberIDDigits    = 10
	catalogueIDDigits = 15 // products, stores, ranks, staff
	maxAmount         = 999_999_999_999
)

// contractForm is the form of a contract ID, which is part of the paths of the Smaregi dialect.
var contractForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

// shops reads the whole document, tenant by tenant.
func (r *reader) shops(document ast.Node) []shop.Shop {
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
	// A tenant that cannot be read is left out; the problem that was reported keeps the file from being applied.
	shops := make([]shop.Shop, 0, len(tenants))
	for _, n := range tenants {
		if m := r.mapping(n, "a tenant"); m != nil {
			shops = append(shops, r.tenant(m))
		}
	}
	return shops
}

// tenant reads one tenant. The order of reading follows the references, not the order of the keys in the file.
func (r *reader) tenant(m *mapping) shop.Shop {
	t := tenantReader{reader: r, m: m}
	t.shop.Lines = make(shop.Lines)
	m.require("id", "name")
	if m.text("id", &t.shop.Contract) {
		if !contractForm.MatchString(t.shop.Contract) {
			m.fail("id", "must be 1 to 64 letters, digits, _, - or ., because it is part of URLs")
		}
		r.contracts.add(r, m.lineOf("id"), t.shop.Contract, "the tenant %q", t.shop.Contract)
	}
	// Members, staff and clients refer to stores and ranks, so those are read first.
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
	t.note("", m)
	return t.shop
}

// tenantReader reads one tenant.
type tenantReader struct {
	*reader
	m    *mapping
	shop shop.Shop
}

// entries calls read for each entry of the tenant's list under key, which messages call what, and then reports unknown
// keys.
func (t *tenantReader) entries(key, what string, read func(*mapping)) {
	for _, n := range t.m.list(key, what) {
		if m := t.mapping(n, what); m != nil {
			read(m)
			m.finish()
			t.note(key, m)
		}
	}
}

// note keeps the lines of an entry for problems that only stored data can show.
func (t *tenantReader) note(list string, m *mapping) {
	m.lines[""] = m.line
	t.shop.Lines[list] = append(t.shop.Lines[list], m.lines)
}

// section calls read for the mapping under key, if the key is present.
func (t *tenantReader) section(key string, read func(*mapping)) {
	if n := t.m.node(key); n != nil {
		if m := t.mapping(n, key); m != nil {
			read(m)
			m.finish()
		}
	}
}

// set reads a key into a field of a patch. If the key is absent, so is the field.
func set[T any](read func(string, *T) bool, key string, to *noren.Field[T]) {
	var v T
	if read(key, &v) {
		*to = noren.Set(v)
	}
}

// settings reads the settings of the tenant. An absent key leaves the stored setting unchanged; points and rank_programme
// are each replaced as a whole.
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
	t.sensitiveColumns()
	// Replaced as a whole, because the keys of a section belong together: half of an old programme with half of a new
	// one is neither.
	t.section("points", func(m *mapping) { patch.Points = noren.Set(points(m)) })
	t.section("rank_programme", func(m *mapping) { patch.Programme = noren.Set(programme(m)) })
	t.section("keep", func(m *mapping) { patch.Keep = noren.Set(retention(m)) })
	t.section("rate_limits", func(m *mapping) { patch.RateLimit = noren.Set(rateLimit(m)) })
}

// sensitiveColumns reads which columns of members not every console user may see. The list replaces the stored one.
func (t *tenantReader) sensitiveColumns() {
	if t.m.node("sensitive_columns") == nil {
		return
	}
	columns := []noren.SensitiveColumn{}
	var names once
	t.entries("sensitive_columns", "a sensitive column", func(m *mapping) {
		c := noren.SensitiveColumn{See: noren.Clerk}
		m.require("name")
		m.word("name", &c.Name, noren.ConcealableColumns()...)
		word(m, "see", &c.See, noren.Roles()...)
		// By default, who may see a value may change it.
		c.Change = c.See
		if word(m, "change", &c.Change, noren.Roles()...) && !c.Change.Covers(c.See) {
			m.fail("change", "must be %s or a higher role: a role that may not see a value may not change it", c.See)
		}
		names.add(t.reader, m.lineOf("name"), c.Name, "the sensitive column %q", c.Name)
		columns = append(columns, c)
	})
	t.shop.Tenant.SensitiveColumns = noren.Set(columns)
}

// plan reads the tenant's subscription (対象プラン), which decides what the Smaregi dialect permits.
func (t *tenantReader) plan(key string, to *noren.Plan) bool {
	return word(t.m, key, to, noren.Plans()...)
}

// word is mapping.word for a named string type.
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

// timezone reads the name of a zone of the tz database. "Local" is refused: it is the server's zone and may change.
func (t *tenantReader) timezone(key string, to *string) bool {
	var name string
	if !t.m.text(key, &name) {
		return false
	}
	if _, err := time.LoadLocation(name); err != nil || name == "" || name == "Local" {
		t.m.fail(key, "%q is not a time zone of the tz database; write it as Asia/Tokyo", name)
		return false
	}
	*to = name
	return true
}

// currency reads an ISO 4217 code. ParseISO also accepts small letters, but stored codes are compared as they are.
func (t *tenantReader) currency(key string, to *string) bool {
	var code string
	if !t.m.text(key, &code) {
		return false
	}
	if unit, err := currency.ParseISO(code); err != nil || unit.String() != code {
		t.m.fail(key, "%q is not an ISO 4217 currency; write three capital letters, such as JPY", code)
		return false
	}
	*to = code
	return true
}

// points reads the settings of points. Absent keys have the defaults of a tenant without the section.
func points(m *mapping) noren.PointSettings {
	p := noren.DefaultPoints()
	m.boolean("enabled", &p.Enabled)
	months(m, "expires_after_months", &p.ExpiresAfterMonths, 0)
	m.text("default_title", &p.DefaultTitle)
	m.text("paid_title", &p.PaidTitle)
	p.Earn = earning(m)
	p.EntryLimits = entryLimits(m)
	return p
}

// entryLimits reads how many points people may give or take at once; nil where the file does not say.
func entryLimits(m *mapping) *noren.EntryLimits {
	n := m.node("entry_limits")
	if n == nil {
		return nil
	}
	section := m.r.mapping(n, "entry_limits")
	if section == nil {
		return nil
	}
	limits := noren.DefaultEntryLimits()
	section.integer("staff", &limits.Staff, 0, noren.MaxPoints)
	section.integer("admin", &limits.Admin, 0, noren.MaxPoints)
	section.integer("confirm_above", &limits.ConfirmAbove, 0, noren.MaxPoints)
	section.finish()
	return &limits
}

// maxRateTimes is the largest multiple of the documented rate limits; beyond it, they might as well be off.
const maxRateTimes = 1000

// rateLimit reads the rate limits of the tenant's clients. The default is the documented limits.
func rateLimit(m *mapping) (p noren.RateLimit) {
	m.boolean("off", &p.Off)
	var times int64
	if m.integer("times", &times, 1, maxRateTimes) {
		p.Times = int(times)
	}
	return p
}

// retention reads how long the tenant keeps what is over. What is left out is left to the server.
func retention(m *mapping) (r noren.Retention) {
	period(m, "audit_values", &r.AuditValues)
	period(m, "bulk", &r.Bulk)
	period(m, "webhooks", &r.Webhooks)
	period(m, "imports", &r.Imports)
	period(m, "left_members", &r.LeftMembers)
	return r
}

// period reads a number of days, such as 90d, or forever.
func period(m *mapping, key string, to *noren.Period) {
	var text string
	if !m.text(key, &text) {
		return
	}
	p, ok := noren.ParsePeriod(text)
	if !ok {
		m.fail(key, "%q is not a period; write it as 90d, at most %dd, or forever", text, noren.MaxPeriod)
		return
	}
	*to = p
}

// programme reads when ranks are checked. The defaults: every month, over the last twelve months, with a demotion by one
// rank, counted from a January.
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

// demotions are the ways to demote a member who did not spend enough; the first is the default.
var demotions = [...]string{"one_step", "earned"}

// months reads a number of months into an int.
func months(m *mapping, key string, to *int, least int64) {
	var n int64
	if m.integer(key, &n, least, noren.MaxProgrammeMonths) {
		*to = int(n)
	}
}

// storeRef reads a reference to a store by ID, or by name if the file defines the store.
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
		// A file without stores may refer to stored ones, which shop.Service.Apply checks.
		if i < 0 && t.m.node("stores") != nil {
			m.fail(key, "no store of this tenant has the id %d", *to)
			return false
		}
		return true
	}
	var name string
	if !m.text(key, &name) {
		return false
	}
	found := 0 // names are looked up in the file only: stored names may have changed
	for _, s := range t.shop.Stores {
		if s.Name == name {
			*to = s.ID
			found++
		}
	}
	switch found {
	case 0:
		m.fail(key, "no store of this tenant is named %q", name)
	case 1:
		return true
	default:
		m.fail(key, "%d stores are named %q; use the id", found, name)
	}
	return false
}
