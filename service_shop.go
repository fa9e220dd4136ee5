package noren

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"time"
)

// ApplyShop brings one tenant to what the shop file says, in one transaction: it creates what is missing, updates
// what differs and deletes nothing, so that applying the same file twice changes nothing. Invalid, with row and field,
// where the file contradicts itself or what is stored.
func (s *Service) ApplyShop(ctx context.Context, shop Shop) (ShopReport, error) {
	t, created, err := s.engine.EnsureTenant(ctx, shop.Contract)
	if err != nil {
		return ShopReport{}, err
	}
	var report ShopReport
	apply := func(tx Tx) error {
		report = ShopReport{Contract: shop.Contract}
		a := shopApplier{tx: tx, shop: shop, report: &report, now: s.now(), passwords: s.passwords}
		if err := a.tenant(ctx, created); err != nil {
			return err
		}
		for _, step := range []func(context.Context) error{
			a.catalogue, a.members, a.purchases, a.signingKeys, a.consoleUsers, a.clients, a.audit,
		} {
			if err := step(ctx); err != nil {
				return fmt.Errorf("tenant %s: %w", shop.Contract, err)
			}
		}
		return nil
	}
	for range 3 {
		if err = s.engine.Update(ctx, t.ID, apply); !errors.Is(err, errLinkedMeanwhile) {
			break
		}
	}
	return report, err
}

// shopApplier applies one shop inside one transaction.
type shopApplier struct {
	tx        Tx
	shop      Shop
	report    *ShopReport
	now       time.Time
	passwords PasswordHasher

	current Tenant
	entries []AuditEntry // of what was written, but for members, which are recorded chunk by chunk
}

func (a *shopApplier) line(what string, created, updated, total int) {
	if total > 0 {
		a.report.Lines = append(a.report.Lines, ShopReportLine{what, created, updated, total - created - updated})
	}
}

// tenant treats an unnamed tenant as new: a run that was cut short may have left one without settings.
func (a *shopApplier) tenant(ctx context.Context, created bool) error {
	before, err := a.tx.Tenant(ctx)
	if err != nil {
		return err
	}
	created = created || before.Name == ""
	after := before
	if created {
		after = newTenantDefaults(after)
	}
	after = a.shop.Tenant.apply(after, a.now.Unix())
	a.current = after
	if err := a.keepsCalendar(ctx, before, after); err != nil {
		return err
	}
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

// keepsCalendar refuses another zone or currency once purchases are stored: their months and amounts are in the old one.
func (a *shopApplier) keepsCalendar(ctx context.Context, before, after Tenant) error {
	if before.Name == "" || before.Timezone == after.Timezone && before.Currency == after.Currency {
		return nil
	}
	stored, _, err := a.tx.Purchases(ctx, PurchaseFilter{Page: Page{Limit: 1}})
	if err != nil || len(stored) == 0 {
		return err
	}
	field, value := "timezone", after.Timezone
	if before.Timezone == after.Timezone {
		field, value = "currency", after.Currency
	}
	return &Error{
		Kind: Invalid, Field: field, Value: value,
		Message: "purchases are stored in " + before.Timezone + " and " + before.Currency + ", so neither can be changed any more",
	}
}

// catalogue applies ranks, staff ranks, stores, products and staff.
func (a *shopApplier) catalogue(ctx context.Context) error {
	for i := range a.shop.Ranks {
		r := &a.shop.Ranks[i]
		r.Position = int64(i + 1)
	}
	storedRanks, err := a.tx.Ranks(ctx)
	if err != nil {
		return err
	}
	byID := make(map[int64]Rank)
	for _, r := range storedRanks {
		byID[r.ID] = r
	}
	for i := range a.shop.Ranks {
		if r := &a.shop.Ranks[i]; r.UID == "" {
			r.UID = cmp.Or(byID[r.ID].UID, newUUID())
		}
	}
	if err := put(ctx, a, "ranks", a.shop.Ranks, func(r Rank) int64 { return r.ID },
		func(ctx context.Context) ([]Rank, error) { return storedRanks, nil }, a.tx.PutRanks); err != nil {
		return err
	}
	if err := put(ctx, a, "staff ranks", a.shop.StaffRanks, func(r StaffRank) int64 { return r.ID }, a.tx.StaffRanks, a.tx.PutStaffRanks); err != nil {
		return err
	}
	if err := put(ctx, a, "stores", a.shop.Stores, func(r Store) int64 { return r.ID }, func(ctx context.Context) ([]Store, error) {
		stored, _, err := a.tx.Stores(ctx, CatalogueFilter{})
		return withoutTimes(stored, func(s *Store) { s.CreatedAt, s.UpdatedAt = time.Time{}, time.Time{} }), err
	}, func(ctx context.Context, stores []Store) error {
		for i := range stores {
			stores[i].CreatedAt, stores[i].UpdatedAt = a.now, a.now
		}
		return a.tx.PutStores(ctx, stores)
	}); err != nil {
		return err
	}
	if err := put(ctx, a, "products", a.shop.Products, func(r Product) int64 { return r.ID }, func(ctx context.Context) ([]Product, error) {
		stored, _, err := a.tx.Products(ctx, CatalogueFilter{})
		return withoutTimes(stored, func(p *Product) { p.CreatedAt, p.UpdatedAt = time.Time{}, time.Time{} }), err
	}, func(ctx context.Context, products []Product) error {
		for i := range products {
			products[i].CreatedAt, products[i].UpdatedAt = a.now, a.now
		}
		return a.tx.PutProducts(ctx, products)
	}); err != nil {
		return err
	}
	// Products that an import makes later get numbers above those given by hand.
	var highest int64
	for _, p := range a.shop.Products {
		highest = max(highest, p.ID)
	}
	if highest > 0 {
		if err := a.tx.Raise(ctx, CounterProduct, highest); err != nil {
			return err
		}
	}
	return put(ctx, a, "staff", a.shop.Staff, func(r Staff) int64 { return r.ID }, a.tx.Staff, a.tx.PutStaff)
}

func withoutTimes[T any](list []T, clear func(*T)) []T {
	for i := range list {
		clear(&list[i])
	}
	return list
}

// put writes those of wanted that are missing or differ from what is stored, and counts them.
func put[K comparable, T any](
	ctx context.Context, a *shopApplier, what string, wanted []T, key func(T) K,
	load func(context.Context) ([]T, error), store func(context.Context, []T) error,
) error {
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

// record notes one thing that was written, for the audit log.
func (a *shopApplier) record(what string, id, before, after any) {
	a.entries = append(a.entries, a.by(what, id, change("value", before, after)))
}

func (a *shopApplier) by(what string, id any, changes []byte) AuditEntry {
	return AuditEntry{At: a.now, Dialect: Operator, Subject: what, SubjectID: fmt.Sprint(id), Changes: changes}
}

func (a *shopApplier) audit(ctx context.Context) error {
	if len(a.entries) == 0 {
		return nil
	}
	return lane{tx: a.tx}.audit(ctx, a.entries)
}

// purchases records the shop file's purchases. Those that are known already are left as they are; one that is wrong or
// says something else than before is an error. They are recorded together, so that members are locked before the counter.
func (a *shopApplier) purchases(ctx context.Context) error {
	l := lane{tx: a.tx, tenant: a.current, now: a.now}
	outcomes, err := l.recordPurchases(ctx, sourceShopFile, a.shop.Purchases, a.by("purchase", "", nil))
	if err != nil {
		return err
	}
	added := 0
	for i, o := range outcomes {
		if o.Err != nil {
			o.Err.Row, o.Err.Field = i+1, "purchases."+o.Err.Field
			return o.Err
		}
		if o.Result != PurchaseKnown {
			added++
		}
	}
	a.line("purchases", added, 0, len(a.shop.Purchases))
	return nil
}

// sourceShopFile is the Source of purchases that a shop file tells of.
const sourceShopFile = "shop_file"

func (a *shopApplier) signingKeys(ctx context.Context) error {
	for name, secret := range a.shop.SigningKeys {
		stored, err := a.tx.SigningKey(ctx, name)
		if err != nil {
			return err
		}
		switch stored {
		case secret:
			a.line(name, 0, 0, 1)
			continue
		case "":
			a.line(name, 1, 0, 1)
		default:
			a.line(name, 0, 1, 1)
		}
		a.record("signing key", name, nil, "changed") // a secret itself is in no log
		if err := a.tx.PutSigningKey(ctx, name, secret); err != nil {
			return err
		}
	}
	return nil
}

func (a *shopApplier) consoleUsers(ctx context.Context) error {
	stored, err := a.tx.ConsoleUsers(ctx)
	if err != nil {
		return err
	}
	users := make([]ConsoleUser, len(a.shop.ConsoleUsers))
	for i, u := range a.shop.ConsoleUsers {
		users[i] = ConsoleUser{Login: u.Login, Role: u.Role, StoreID: u.StoreID}
		for _, known := range stored {
			if known.Login == u.Login && a.passwords.Matches(known.PasswordHash, u.Password) {
				users[i].PasswordHash = known.PasswordHash
			}
		}
		if users[i].PasswordHash == "" {
			users[i].PasswordHash = a.passwords.Hash(u.Password)
		}
	}
	return put(ctx, a, "console users", users, func(u ConsoleUser) string { return u.Login },
		func(context.Context) ([]ConsoleUser, error) { return stored, nil },
		func(ctx context.Context, changed []ConsoleUser) error {
			logins := make([]string, len(changed))
			for i, u := range changed {
				logins[i] = u.Login
			}
			// Whoever came in with the old password, or was more than they are now, has to sign in again.
			if _, err := a.tx.DeleteConsoleSessions(ctx, logins, nil); err != nil {
				return err
			}
			return a.tx.PutConsoleUsers(ctx, changed)
		})
}

// newUUID makes a random UUID of version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
