package noren

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
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
	report := ShopReport{Contract: shop.Contract}
	err = s.engine.Update(ctx, t.ID, func(tx Tx) error {
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
	})
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

func (a *shopApplier) purchases(ctx context.Context) error {
	if len(a.shop.Purchases) == 0 {
		return nil
	}
	var codes []string
	for _, p := range a.shop.Purchases {
		if p.MemberCode != "" && !slices.Contains(codes, p.MemberCode) {
			codes = append(codes, p.MemberCode)
		}
	}
	members, err := a.tx.MembersByCode(ctx, codes)
	if err != nil {
		return err
	}
	ids := make(map[string]int64, len(members))
	for _, m := range members {
		ids[m.Code] = m.ID
	}
	purchases := make([]Purchase, len(a.shop.Purchases))
	for i, p := range a.shop.Purchases {
		purchases[i] = p.Purchase
		if p.MemberCode == "" {
			continue
		}
		id, known := ids[p.MemberCode]
		if !known {
			return &Error{
				Kind: Invalid, Reason: ReasonMemberUnknown, Row: i + 1, Field: "purchases.member", Value: p.MemberCode,
				Message: fmt.Sprintf("there is no member with the code %q", p.MemberCode),
			}
		}
		purchases[i].MemberID = id
	}
	added, err := a.tx.AddPurchases(ctx, purchases)
	a.line("purchases", added, 0, len(purchases))
	if added > 0 {
		a.record("purchases", "shop file", nil, added)
	}
	return err
}

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
		users[i] = ConsoleUser{Login: u.Login, Role: u.Role}
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
		func(context.Context) ([]ConsoleUser, error) { return stored, nil }, a.tx.PutConsoleUsers)
}

// newUUID makes a random UUID of version 4.
func newUUID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// NewMemberCode makes a code as ReCORE's examples show it: MB and ten of 0-9 and A-Z.
func NewMemberCode() string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	code := []byte("MB")
	for range 10 {
		n, _ := rand.Int(rand.Reader, big.NewInt(int64(len(letters)))) // never fails
		code = append(code, letters[n.Int64()])
	}
	return string(code)
}

// memberChunk is how many members of a shop file are read and written with one set of statements.
const memberChunk = 1000

func (a *shopApplier) members(ctx context.Context) error {
	if len(a.shop.Members) == 0 {
		return nil
	}
	l := lane{tx: a.tx, tenant: a.current, now: a.now}
	in := Surroundings{Today: DateOf(a.now, a.current.Location())}
	var err error
	if in.Ranks, err = a.tx.Ranks(ctx); err != nil {
		return err
	}
	if in.StaffRanks, err = a.tx.StaffRanks(ctx); err != nil {
		return err
	}
	if in.Stores, _, err = a.tx.Stores(ctx, CatalogueFilter{}); err != nil {
		return err
	}
	var created, updated int
	for chunk := range slices.Chunk(slices.Clone(a.shop.Members), memberChunk) {
		c, u, err := a.memberChunk(ctx, l, in, chunk, created+updated)
		if err != nil {
			return err
		}
		created, updated = created+c, updated+u
	}
	a.line("members", created, updated, len(a.shop.Members))
	return nil
}

// memberChunk writes one chunk. Rows of the file are counted from offset.
func (a *shopApplier) memberChunk(ctx context.Context, l lane, in Surroundings, patches []MemberPatch, offset int) (created, updated int, err error) {
	stored, err := a.storedMembers(ctx, patches)
	if err != nil {
		return 0, 0, err
	}
	var fresh []Member
	var changes []MemberChange
	var highest int64
	for i, p := range patches {
		before, known := stored[p.ID]
		if !known {
			before = Member{
				ID: p.ID, Code: NewMemberCode(), Status: Active, MailOptIn: true, CreatedAt: a.now, UpdatedAt: a.now,
			}
		}
		after, broken := p.Apply(before, in)
		if len(broken) > 0 {
			return 0, 0, &Error{
				Kind: Invalid, Reason: broken[0], Row: offset + i + 1, Field: "members", Value: strconv.FormatInt(p.ID, 10),
			}
		}
		highest = max(highest, after.ID)
		switch {
		case !known:
			fresh = append(fresh, after)
		case len(ChangedColumns(&before, &after)) > 0:
			changes = append(changes, MemberChange{before, after})
		}
	}
	if err := a.tx.Raise(ctx, CounterMember, highest); err != nil {
		return 0, 0, err
	}
	if len(fresh) > 0 {
		if err := l.insertMembers(ctx, fresh, a.by("member", "", nil)); err != nil {
			return 0, 0, err
		}
	}
	return len(fresh), len(changes), l.writeMembers(ctx, changes, a.by("member", "", nil))
}

// storedMembers finds the members that the patches name, by id, and gives an id to each patch that has none: that of
// the member with its code, or a new one.
func (a *shopApplier) storedMembers(ctx context.Context, patches []MemberPatch) (map[int64]Member, error) {
	var ids []int64
	var codes []string
	var unnumbered int
	for _, p := range patches {
		code, coded := p.Code.Value()
		switch {
		case p.ID != 0:
			ids = append(ids, p.ID)
		case coded:
			codes = append(codes, code)
			unnumbered++
		default:
			unnumbered++
		}
	}
	byID, err := a.tx.MembersByID(ctx, ids, true)
	if err != nil {
		return nil, err
	}
	byCode, err := a.tx.MembersByCode(ctx, codes)
	if err != nil {
		return nil, err
	}
	stored := make(map[int64]Member, len(byID)+len(byCode))
	idOf := make(map[string]int64, len(byCode))
	for _, m := range slices.Concat(byID, byCode) {
		stored[m.ID] = m
		idOf[m.Code] = m.ID
	}
	if unnumbered -= len(byCode); unnumbered == 0 && len(byCode) == 0 {
		return stored, nil
	}
	next, err := a.tx.Reserve(ctx, CounterMember, max(unnumbered, 1))
	if err != nil {
		return nil, err
	}
	for i := range patches {
		p := &patches[i]
		if p.ID != 0 {
			continue
		}
		code, _ := p.Code.Value()
		if p.ID = idOf[code]; p.ID == 0 {
			p.ID = next
			next++
		}
	}
	return stored, nil
}

func (a *shopApplier) clients(ctx context.Context) error {
	stored, err := a.tx.Clients(ctx)
	if err != nil {
		return err
	}
	byName := make(map[string]Client, len(stored))
	for _, c := range stored {
		byName[c.Name] = c
	}
	var changed []Client
	var tokens []Token
	var created, updated int
	for _, wanted := range a.shop.Clients {
		before, known := byName[wanted.Name]
		if known && before.Dialect != wanted.Dialect {
			return &Error{
				Kind: Conflict, Field: "clients", Value: wanted.Name,
				Message: fmt.Sprintf("the client %q speaks %s; give the new one another name", wanted.Name, before.Dialect),
			}
		}
		after, credentials := wanted.over(before, known)
		credentials.Tenant = a.shop.Contract
		if !known {
			if after.ID, err = a.tx.Reserve(ctx, CounterClient, 1); err != nil {
				return err
			}
			created++
		}
		if wanted.Kind == UserClient && (!known || wanted.AccessToken != "") {
			credentials.AccessToken = cmp.Or(wanted.AccessToken, NewSecret(""))
			tokens = append(tokens, Token{Hash: HashSecret(credentials.AccessToken), ClientID: after.ID, Scopes: after.Scopes})
		}
		a.report.Clients = append(a.report.Clients, credentials)
		if same := known && before.same(after); !same {
			changed = append(changed, after)
			a.record("client", after.Name, nil, after)
			if known {
				updated++
			}
		}
	}
	a.line("clients", created, updated, len(a.shop.Clients))
	if len(changed) > 0 {
		if err := a.tx.PutClients(ctx, changed); err != nil {
			return err
		}
	}
	for _, token := range tokens {
		if err := a.tx.AddToken(ctx, token); err != nil {
			return err
		}
	}
	return nil
}

// over answers the client as wanted, on top of what is stored, with the credentials that can be shown.
func (w ShopClient) over(before Client, known bool) (Client, ClientCredentials) {
	after := before
	after.Name, after.Dialect, after.Kind = w.Name, w.Dialect, cmp.Or(w.Kind, AppClient)
	after.StoreID, after.Scopes = w.StoreID, w.Scopes
	after.Key = cmp.Or(w.Key, before.Key)
	secret, webhookSecret := w.Secret, w.WebhookSecret
	if !known {
		after.Key = cmp.Or(after.Key, NewSecret(string(w.Dialect)+"_"))
		secret = cmp.Or(secret, NewSecret(""))
		webhookSecret = cmp.Or(webhookSecret, NewWebhookSecret())
	}
	if secret != "" {
		after.SecretHash = HashSecret(secret)
	}
	after.WebhookSecret = cmp.Or(webhookSecret, before.WebhookSecret)
	return after, ClientCredentials{
		Name: w.Name, Dialect: w.Dialect, Kind: after.Kind, Key: after.Key, Secret: secret, WebhookSecret: webhookSecret,
	}
}
