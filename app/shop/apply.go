package shop

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/audit"
	"noren/app/purchases"
	"noren/app/unit"
)

// Apply brings one tenant to the state in the shop file, in one transaction. It creates what is missing, updates
// what differs and deletes nothing, so applying the same file again changes nothing. Refusals, each with row and field, if
// the file contradicts itself or what is stored.
func (s *Service) Apply(ctx context.Context, shop Shop) (Report, error) {
	return s.apply(ctx, shop, nil)
}

// Judge returns the error that Apply would return, and writes nothing. (A new tenant gets its number.)
func (s *Service) Judge(ctx context.Context, shop Shop) error {
	if _, err := s.apply(ctx, shop, errJudged); !errors.Is(err, errJudged) {
		return err
	}
	return nil
}

// errJudged rolls back what would be applied.
var errJudged = errors.New("nothing is wrong")

// apply is Apply, but that it is rolled back with the given error when all has gone well; nil: it is committed.
func (s *Service) apply(ctx context.Context, shop Shop, rollback error) (Report, error) {
	// A transaction is of one tenant, so the tenant has to be there before it begins.
	t, created, err := s.directory.EnsureTenant(ctx, shop.Contract)
	if err != nil {
		return Report{}, err
	}
	var report Report
	apply := func(tx Tx) error {
		// Inside apply, because the transaction may run again and must not count twice.
		report = Report{Contract: shop.Contract}
		a := applier{tx: tx, shop: shop.copied(), report: &report, now: s.run.Now(), passwords: s.passwords}
		if err := a.tenant(ctx, created); err != nil {
			return err
		}
		// In the order of what refers to what: members name ranks and stores, purchases name members.
		for _, step := range []func(context.Context) error{
			a.catalogue, a.storesExist, a.lockMembers, a.members, a.purchases, a.signingKeys, a.consoleUsers, a.clients, a.audit,
		} {
			if err := step(ctx); err != nil {
				return fmt.Errorf("tenant %s: %w", shop.Contract, a.with(err))
			}
		}
		if len(a.wrong) > 0 {
			return fmt.Errorf("tenant %s: %w", shop.Contract, a.wrong)
		}
		return rollback
	}
	// Somebody may link a member to a customer while purchases are recorded; then all begins again, and sees the link.
	err = unit.Rerun(func() error { return s.run.Update(ctx, t.ID, apply) })
	return report, err
}

// applier applies one shop file inside one transaction.
type applier struct {
	tx        Tx
	shop      Shop
	report    *Report
	now       time.Time
	passwords access.PasswordHasher

	current noren.Tenant
	entries []noren.AuditEntry // for everything but members and purchases
	wrong   noren.Refusals     // what the file contradicts; nothing is committed then
}

// refuse notes a contradiction. The steps go on, so that people see all of them at once.
func (a *applier) refuse(e *noren.Error) { a.wrong = append(a.wrong, e) }

// with adds what a step has failed with to the contradictions. What is not the file's fault is returned alone: they may be its consequence.
func (a *applier) with(err error) error {
	e, ok := errors.AsType[*noren.Error](err)
	if !ok || e.Kind == noren.Internal || e.Kind == noren.Unavailable || len(a.wrong) == 0 {
		return err
	}
	return append(a.wrong, e)
}

func (a *applier) line(what string, created, updated, total int) {
	// A kind that the file does not mention gets no line: nothing was compared.
	if total > 0 {
		a.report.Lines = append(a.report.Lines, ReportLine{what, created, updated, total - created - updated})
	}
}

// tenant treats a tenant without a name as new: an interrupted run may have left one without settings.
func (a *applier) tenant(ctx context.Context, created bool) error {
	// Until the commit nobody else changes the settings that are read here and written over.
	if err := a.tx.Raise(ctx, noren.CounterSettings, 0); err != nil {
		return err
	}
	before, err := a.tx.Tenant(ctx)
	if err != nil {
		return err
	}
	// EnsureTenant commits on its own before this transaction.
	created = created || before.Name == ""
	after := before
	if created {
		after = noren.NewTenantDefaults(after)
	}
	after = a.shop.Tenant.Apply(after, a.now.Unix())
	// The steps that follow go by the settings that the file wants.
	a.current = after
	if err := a.keepsCalendar(ctx, before, after); err != nil {
		return err
	}
	// Nothing is written, so the settings keep their version and no server has to read them again.
	if reflect.DeepEqual(before, after) {
		a.line("tenant", 0, 0, 1)
		return nil
	}
	if created {
		a.line("tenant", 1, 0, 1)
	} else {
		a.line("tenant", 0, 1, 1)
	}
	a.record("tenant", a.shop.Contract, before, after)
	return a.tx.PutTenant(ctx, after)
}

// keepsCalendar refuses another zone or currency once purchases are stored, because their months and amounts are in the
// old one.
func (a *applier) keepsCalendar(ctx context.Context, before, after noren.Tenant) error {
	// A tenant without settings has no purchases yet.
	if before.Name == "" || before.Timezone == after.Timezone && before.Currency == after.Currency {
		return nil
	}
	// One purchase is enough to refuse.
	stored, _, err := a.tx.Purchases(ctx, noren.PurchaseFilter{Page: noren.Page{Limit: 1}})
	if err != nil || len(stored) == 0 {
		return err
	}
	field, value := "timezone", after.Timezone
	if before.Timezone == after.Timezone {
		field, value = "currency", after.Currency
	}
	a.refuse(&noren.Error{
		Kind: noren.Invalid, Field: field, Value: value,
		Message: "cannot be changed any more, because purchases are stored in " + before.Timezone + " and " + before.Currency,
	})
	return nil
}

// catalogue applies ranks, staff ranks, stores, products and staff.
func (a *applier) catalogue(ctx context.Context) error {
	// The order of the file is the ladder: positions that people write could be given twice, or leave gaps.
	for i := range a.shop.Ranks {
		r := &a.shop.Ranks[i]
		r.Position = int64(i + 1)
	}
	storedRanks, err := a.tx.Ranks(ctx)
	if err != nil {
		return err
	}
	byID := make(map[int64]noren.Rank)
	for _, r := range storedRanks {
		byID[r.ID] = r
	}
	for i := range a.shop.Ranks {
		// A rank keeps its UID for life: clients of easyPoints refer to it.
		if r := &a.shop.Ranks[i]; r.UID == "" {
			r.UID = cmp.Or(byID[r.ID].UID, newUUID())
		}
	}
	// Before the ranks are stored: what is stored is compared with what the file says.
	if err := a.rankCodes(ctx, byID); err != nil {
		return err
	}
	if err := put(ctx, a, "ranks", a.shop.Ranks, func(r noren.Rank) int64 { return r.ID },
		func(ctx context.Context) ([]noren.Rank, error) { return storedRanks, nil }, a.tx.PutRanks); err != nil {
		return err
	}
	if err := put(ctx, a, "staff ranks", a.shop.StaffRanks, func(r noren.StaffRank) int64 { return r.ID },
		a.tx.StaffRanks, a.tx.PutStaffRanks); err != nil {
		return err
	}
	storedStores := func(ctx context.Context) ([]noren.Store, error) {
		stored, _, err := a.tx.Stores(ctx, noren.CatalogueFilter{})
		return withoutTimes(stored, func(s *noren.Store) { s.CreatedAt, s.UpdatedAt = time.Time{}, time.Time{} }), err
	}
	putStores := func(ctx context.Context, stores []noren.Store) error {
		for i := range stores {
			// Only when they are written: times of now would make every store differ from the stored one.
			stores[i].CreatedAt, stores[i].UpdatedAt = a.now, a.now
		}
		return a.tx.PutStores(ctx, stores)
	}
	if err := put(ctx, a, "stores", a.shop.Stores, func(r noren.Store) int64 { return r.ID }, storedStores, putStores); err != nil {
		return err
	}
	// Products created by later imports get numbers above those assigned in the file. The counter is locked before products.
	if err := unit.Number(ctx, a.tx, noren.CounterProduct, a.shop.Products, func(p *noren.Product) *int64 { return &p.ID }); err != nil {
		return err
	}
	storedProducts := func(ctx context.Context) ([]noren.Product, error) {
		stored, _, err := a.tx.Products(ctx, noren.CatalogueFilter{})
		return withoutTimes(stored, func(p *noren.Product) { p.CreatedAt, p.UpdatedAt = time.Time{}, time.Time{} }), err
	}
	putProducts := func(ctx context.Context, products []noren.Product) error {
		for i := range products {
			products[i].CreatedAt, products[i].UpdatedAt = a.now, a.now
		}
		return a.tx.PutProducts(ctx, products)
	}
	if err := put(ctx, a, "products", a.shop.Products, func(r noren.Product) int64 { return r.ID }, storedProducts, putProducts); err != nil {
		return err
	}
	return put(ctx, a, "staff", a.shop.Staff, func(r noren.Staff) int64 { return r.ID }, a.tx.Staff, a.tx.PutStaff)
}

// withoutTimes removes from what is stored the times that a file cannot have, so that the two can be compared.
func withoutTimes[T any](list []T, reset func(*T)) []T {
	for i := range list {
		reset(&list[i])
	}
	return list
}

// put writes those of wanted that are missing or differ from what is stored, and counts them.
func put[K comparable, T any](
	ctx context.Context, a *applier, what string, wanted []T, key func(T) K,
	load func(context.Context) ([]T, error), store func(context.Context, []T) error,
) error {
	// What a file does not mention stays as it is: applying never deletes.
	if len(wanted) == 0 {
		return nil
	}
	stored, err := load(ctx)
	if err != nil {
		return err
	}
	byKey := make(map[K]T, len(stored))
	for _, x := range stored {
		byKey[key(x)] = x
	}
	var changed []T
	var created, updated int
	for _, x := range wanted {
		// reflect.DeepEqual sees every field, so a field added later is not forgotten here.
		old, known := byKey[key(x)]
		if known && reflect.DeepEqual(old, x) {
			continue
		}
		if known {
			updated++
			a.record(what, key(x), old, x)
		} else {
			created++
			a.record(what, key(x), nil, x)
		}
		changed = append(changed, x)
	}
	a.line(what, created, updated, len(wanted))
	if len(changed) == 0 {
		return nil
	}
	return store(ctx, changed)
}

// unit returns what the work on the tenant knows of it: its settings as the shop file leaves them.
func (a *applier) unit() unit.Unit { return unit.Unit{Tenant: a.current, Now: a.now} }

// record adds an entry for the audit log.
func (a *applier) record(what string, id, before, after any) {
	a.entries = append(a.entries, a.by(what, id, audit.Change("value", before, after)))
}

func (a *applier) by(what string, id any, changes []byte) noren.AuditEntry {
	return noren.AuditEntry{At: a.now, Dialect: noren.Operator, Subject: what, SubjectID: fmt.Sprint(id), Changes: changes}
}

// audit writes what was recorded on the way, in one statement.
func (a *applier) audit(ctx context.Context) error {
	if len(a.entries) == 0 {
		return nil
	}
	return a.tx.AddAudit(ctx, a.entries)
}

// purchases records the shop file's purchases. Known ones stay as they are; a wrong one, or one that contradicts what
// was recorded, is an error. All are recorded in one call, so that members are locked before the counter.
func (a *applier) purchases(ctx context.Context) error {
	// Members that are wrong are not stored, so their purchases would be for nobody.
	if slices.ContainsFunc(a.wrong, func(e *noren.Error) bool { list, _ := Part(e); return list == "members" }) {
		return nil
	}
	// The id in the file is the one of this source, so a purchase of Shopify with the same id is another one.
	outcomes, err := purchases.Record(ctx, a.tx, a.unit(), sourceShopFile, a.shop.Purchases, a.by("purchase", "", nil))
	if err != nil {
		return err
	}
	added := 0
	for i, o := range outcomes {
		if o.Err != nil {
			// A file is applied as a whole or not at all, unlike messages, of which each stands for itself.
			o.Err.Row, o.Err.Field = i+1, "purchases."+o.Err.Field
			a.refuse(o.Err)
			continue
		}
		if o.Result != purchases.Known {
			added++
		}
	}
	a.line("purchases", added, 0, len(a.shop.Purchases))
	return nil
}

// sourceShopFile is the Source of purchases from a shop file.
const sourceShopFile = "shop_file"

// signingKeys stores the secrets of whoever signs what they send, under their names.
func (a *applier) signingKeys(ctx context.Context) error {
	for _, name := range slices.Sorted(maps.Keys(a.shop.SigningKeys)) {
		secret := a.shop.SigningKeys[name]
		stored, err := a.tx.SigningKey(ctx, name)
		if err != nil {
			return err
		}
		switch {
		case stored.Secret == secret:
			a.line(name, 0, 0, 1)
			continue
		case stored.Previous == secret && a.now.Before(stored.PreviousUntil):
			// It was rotated since, and the file still has the one before: applying it again must not turn that back.
			a.line(name, 0, 0, 1)
			continue
		case stored.Secret == "":
			a.line(name, 1, 0, 1)
		default:
			a.line(name, 0, 1, 1)
		}
		a.record("signing key", name, nil, "changed") // secrets never get into a log
		if err := a.tx.PutSigningKey(ctx, name, noren.SigningKey{Secret: secret}); err != nil {
			return err
		}
	}
	return nil
}

// consoleUsers creates the users of the console and changes their role, store and password.
func (a *applier) consoleUsers(ctx context.Context) error {
	stored, err := a.tx.ConsoleUsers(ctx)
	if err != nil {
		return err
	}
	users := make([]noren.ConsoleUser, 0, len(a.shop.ConsoleUsers))
	for _, u := range a.shop.ConsoleUsers {
		at := slices.IndexFunc(stored, func(known noren.ConsoleUser) bool { return known.Login == u.Login })
		var known noren.ConsoleUser
		if at >= 0 {
			known = stored[at]
		}
		users = append(users, a.consoleUser(u, known))
	}
	// A file that lists console users lists all of them: a user that it no longer lists is switched off. A file that lists none
	// says nothing about them.
	for _, known := range stored {
		listed := slices.ContainsFunc(users, func(u noren.ConsoleUser) bool { return u.Login == known.Login })
		if len(users) > 0 && !listed && known.DisabledAt == nil {
			known.DisabledAt = new(a.now.UTC().Truncate(time.Microsecond))
			users = append(users, known)
		}
	}
	return put(ctx, a, "console users", users, func(u noren.ConsoleUser) string { return u.Login },
		func(context.Context) ([]noren.ConsoleUser, error) { return stored, nil },
		func(ctx context.Context, changed []noren.ConsoleUser) error {
			logins := make([]string, len(changed))
			for i, u := range changed {
				logins[i] = u.Login
			}
			if err := a.tx.PutConsoleUsers(ctx, changed); err != nil {
				return err
			}
			// Their old password or role no longer holds, so they have to sign in again.
			_, err := a.tx.DeleteConsoleSessions(ctx, logins, nil)
			return err
		})
}

// storesExist refuses staff, users and clients of a store that there is not. Members are judged where they are written.
func (a *applier) storesExist(ctx context.Context) error {
	type place struct {
		list  string
		row   int
		store *int64
	}
	var places []place
	for i, s := range a.shop.Staff {
		places = append(places, place{"staff", i + 1, s.StoreID})
	}
	for i, u := range a.shop.ConsoleUsers {
		places = append(places, place{"console_users", i + 1, u.StoreID})
	}
	for i, c := range a.shop.Clients {
		places = append(places, place{"clients", i + 1, c.StoreID})
	}
	places = slices.DeleteFunc(places, func(p place) bool { return p.store == nil })
	if len(places) == 0 {
		return nil
	}
	stores, _, err := a.tx.Stores(ctx, noren.CatalogueFilter{})
	if err != nil {
		return err
	}
	for _, p := range places {
		if !noren.HasID(stores, *p.store, func(s noren.Store) int64 { return s.ID }) {
			a.refuse(&noren.Error{
				Kind: noren.Invalid, Reason: noren.ReasonStoreUnknown, Row: p.row, Field: p.list + ".store",
				Value: strconv.FormatInt(*p.store, 10), Message: noren.MemberWords[noren.ReasonStoreUnknown],
			})
		}
	}
	return nil
}

// consoleUser returns the user as the file wants it. known is what is stored of that login.
func (a *applier) consoleUser(u ConsoleUser, known noren.ConsoleUser) noren.ConsoleUser {
	user := noren.ConsoleUser{Login: u.Login, Role: u.Role, StoreID: u.StoreID, PasswordHash: known.PasswordHash, FileHash: known.FileHash}
	// Hashes are salted, so the same password would hash to something else. The password is set if the file has another one
	// than at the last time: one that a user has changed since stays.
	switch {
	// The file has the password of the last time: whatever the user has set since stays.
	case known.FileHash != "" && a.passwords.Matches(known.FileHash, u.Password):
	// The user has it already, as one does who was made before the file's hash was kept, or who has chosen the same
	// one.
	case known.PasswordHash != "" && a.passwords.Matches(known.PasswordHash, u.Password):
		user.FileHash = known.PasswordHash
	default:
		user.PasswordHash = a.passwords.Hash(u.Password)
		user.FileHash = user.PasswordHash
	}
	return user
}

// newUUID returns a random UUID of version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	// The version and the variant, in the bits that RFC 9562 has for them.
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
