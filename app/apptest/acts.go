package apptest

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/imports"
	"noren/app/inbox"
	"noren/app/members"
	"noren/app/purchases"
	"noren/app/shop"
	"noren/app/unit"
	"noren/csvfile"
	"noren/password"
)

// Spent is what the member spent in January 2026.
func Spent(t *testing.T, b *Bundle, member int64) int64 {
	t.Helper()
	return SpentIn(t, b, member, "2026-01", "2026-02")
}

// Link links the member to a Shopify customer as an API does.
func Link(t *testing.T, b *Bundle, member int64, customer string) {
	t.Helper()
	patch := noren.MemberPatch{ID: member, ShopifyCustomerID: noren.Set(customer)}
	if _, _, err := b.Members.Update(b.Ctx, b.Caller, []noren.MemberPatch{patch}, nil); err != nil {
		t.Fatal(err)
	}
}

// ApplyMember applies a shop file with the member alone.
func ApplyMember(t *testing.T, b *Bundle, p noren.MemberPatch) int64 {
	t.Helper()
	if _, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", Members: []noren.MemberPatch{p}}); err != nil {
		t.Fatal(err)
	}
	return p.ID
}

// AcceptStock sends a bulk request that sets one level.
func AcceptStock(t *testing.T, b *Bundle, c noren.Caller, product, store, amount int64) int64 {
	t.Helper()
	accepted, err := b.Bulk.Accept(b.Ctx, c, noren.BulkRequest{
		Kind: noren.BulkStock, Dialect: noren.Smaregi, CallbackURL: "https://example.com/callback",
		Rows: noren.BulkRows{Stock: []noren.StockChange{{StockKey: noren.StockKey{ProductID: product, StoreID: store}, Amount: amount}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return accepted.Request.ID
}

// Points are what the member has, as "DEFAULT 100, 20 through 2026-04-01".
func Points(t *testing.T, b *Bundle, member int64) (lines []string) {
	t.Helper()
	list, err := b.Members.Get(b.Ctx, b.Caller, member)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range list.Points[member] {
		line := fmt.Sprintf("%s %d", p.Type, p.Total)
		if p.ExpiresOn != nil {
			line += fmt.Sprintf(", %d through %s", p.ExpiresAmount, *p.ExpiresOn)
		}
		lines = append(lines, line)
	}
	return lines
}

// Imported imports a file and returns "state: created updated unchanged refused", then each problem.
func Imported(t *testing.T, b *Bundle, c noren.Caller, kind noren.ImportKind, f noren.ImportFile) []string {
	t.Helper()
	i := RunImport(t, b, c, StartImport(t, b, c, kind, f).ID)
	if i.Processed != i.Total || i.Created+i.Updated+i.Unchanged+i.Refused != i.Total {
		t.Errorf("counts do not add up: %+v", i)
	}
	return append([]string{fmt.Sprintf("%s: %d %d %d %d", i.State, i.Created, i.Updated, i.Unchanged, i.Refused)}, ImportProblems(t, b, c, i.ID)...)
}

// Member reads one member by code.
func Member(t *testing.T, b *Bundle, code string) (m noren.Member) {
	t.Helper()
	b.View(t, func(tx noren.Tx) error {
		found, err := tx.MembersByCode(b.Ctx, []string{code})
		if len(found) != 1 {
			t.Errorf("%d members have the code %s", len(found), code)
			return err
		}
		m = found[0]
		return err
	})
	return m
}

// Create creates members as an API does, TENTATIVE unless a patch says otherwise.
func Create(t *testing.T, b *Bundle, patches ...noren.MemberPatch) members.List {
	t.Helper()
	list, kept, err := b.Members.Create(b.Ctx, b.Caller, patches, noren.Tentative, nil)
	if err != nil || kept != nil {
		t.Fatalf("Create: %v, %v", kept, err)
	}
	return list
}

// Members are all members as "id code status", with their names and notes where they have any.
func Members(t *testing.T, b *Bundle) (lines []string) {
	t.Helper()
	list, err := b.Members.List(b.Ctx, b.Caller, noren.MemberFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Items {
		line := fmt.Sprintf("%d %s %s", m.ID, m.Code, m.Status)
		for _, text := range []*string{m.LastName, m.Note} {
			if text != nil {
				line += " " + *text
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// Upload records files under the keys as uploaded.
func Upload(t *testing.T, b *Bundle, keys ...string) {
	t.Helper()
	for _, key := range keys {
		if _, err := b.Members.AddUpload(b.Ctx, b.Caller, noren.Upload{FileKey: key, MIMEType: "image/png", Size: 3}, nil); err != nil {
			t.Fatal(err)
		}
	}
}

// Attach attaches an uploaded file to the member as a photo.
func Attach(t *testing.T, b *Bundle, member int64, key string) noren.Attachment {
	t.Helper()
	a, _, err := b.Members.Attach(b.Ctx, b.Caller, noren.Attachment{MemberID: member, FileKey: key, Tag: noren.PhotoFile}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// Receive receives a message and returns its outcome, as "applied: why".
func Receive(t *testing.T, b *Bundle, id string, content inbox.Content) string {
	t.Helper()
	c := noren.Caller{Tenant: b.Caller.Tenant, Client: noren.Client{Dialect: noren.Shopify}, RequestID: "r2"}
	w, err := b.Inbox.Receive(b.Ctx, c, noren.Webhook{Source: noren.WebhookShopify, ID: id, Topic: "a/b", Subject: "order 1"}, content)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s: %s", w.Outcome, w.Detail)
}

// Person is a console user, bound to a store unless that is 0.
func Person(b *Bundle, login string, store int64) noren.Caller {
	c := noren.Caller{Tenant: b.Caller.Tenant, Client: noren.Client{Name: login, Dialect: noren.Console}, Login: login, RequestID: "r2"}
	if store != 0 {
		c.Client.StoreID = &store
	}
	return c
}

// WithProducts adds products to the bundle's tenant.
func WithProducts(t *testing.T, b *Bundle) {
	t.Helper()
	_, err := b.Shop.Apply(b.Ctx, shop.Shop{Contract: "sb_test", Products: []noren.Product{
		{ID: 1, Code: "P2", Name: "緑茶"}, {ID: 2, Code: "P1", Name: "ほうじ茶"}, {ID: 3, Code: "X", Name: "湯呑"},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// SetStock sets one level as a person does, and returns the movement.
func SetStock(t *testing.T, b *Bundle, c noren.Caller, product, store, amount int64) noren.StockMovement {
	t.Helper()
	m, kept, err := b.Stock.Set(b.Ctx, c, noren.StockChange{StockKey: noren.StockKey{ProductID: product, StoreID: store}, Amount: amount}, nil)
	if err != nil || kept != nil {
		t.Fatalf("Set: %v, %v", kept, err)
	}
	return m
}

// SpentIn is what the member spent in the months from ≤ month < until.
func SpentIn(t *testing.T, b *Bundle, member int64, from, until noren.Month) (amount int64) {
	t.Helper()
	b.View(t, func(tx noren.Tx) error {
		spend, err := tx.Spend(b.Ctx, []int64{member}, from, until)
		amount = spend[member]
		return err
	})
	return amount
}

// RunImport steps until nothing is left to do, and returns the import.
func RunImport(t *testing.T, b *Bundle, c noren.Caller, id int64) noren.Import {
	t.Helper()
	for {
		stepped, err := b.Imports.Step(b.Ctx, c.Tenant.ID)
		if err != nil {
			t.Fatal(err)
		}
		if stepped == nil {
			break
		}
	}
	i, err := b.Imports.Get(b.Ctx, c, id)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// StartImport drafts and starts an import.
func StartImport(t *testing.T, b *Bundle, c noren.Caller, kind noren.ImportKind, f noren.ImportFile) noren.Import {
	t.Helper()
	draft, err := b.Imports.Draft(b.Ctx, c, kind, f)
	if err != nil {
		t.Fatal(err)
	}
	i, err := b.Imports.Start(b.Ctx, c, draft.ID, imports.Setup{})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// ImportProblems returns each problem of refused lines as "line field reason value".
func ImportProblems(t *testing.T, b *Bundle, c noren.Caller, id int64) (list []string) {
	t.Helper()
	err := b.Imports.RefusedLines(b.Ctx, c, id, func(lines []noren.RefusedLine) error {
		for _, line := range lines {
			for _, p := range line.Problems {
				if p.Line != line.Line || p.Message == "" || len(line.Cells) == 0 {
					t.Errorf("line %d has the problem %+v of %q", line.Line, p, line.Cells)
				}
				SaidInBothLanguages(t, p)
				list = append(list, fmt.Sprintf("%d %s %s %s", p.Line, p.Field, p.Reason, p.Value))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

var (
	numbers = regexp.MustCompile(`[0-9]+`)
	inCell  = regexp.MustCompile(`cell [0-9]+ `) // which the Japanese sentence calls by its field
)

// SaidInBothLanguages checks that the Japanese sentence for a problem says no less than the English one: the limit, and every number.
func SaidInBothLanguages(t *testing.T, problems ...noren.ImportProblem) {
	t.Helper()
	for _, p := range problems {
		said := csvfile.JapaneseSentence(p) + " " + p.Value
		if _, worded := csvfile.LimitWords()[p.Reason]; p.Limit != "" && !worded {
			t.Errorf("the limit %q of %q is not told in Japanese: %s", p.Limit, p.Message, said)
		}
		for _, n := range numbers.FindAllString(inCell.ReplaceAllString(p.Message, ""), -1) {
			if !strings.Contains(said, n) {
				t.Errorf("%q says %s, which the Japanese sentence does not: %s", p.Message, n, said)
			}
		}
	}
}

// Rooms makes a Service on an empty SQLite database with its clock standing still.
func Rooms(t *testing.T) (*app.App, noren.Engine) {
	t.Helper()
	clock := func() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }
	rooms := Start(t, Config{Config: app.Config{Clock: clock, Passwords: password.Argon2id{}}})
	return rooms, rooms.Engine
}

// ShopWithEverything is a shop file with something of each kind, whose secrets all have "hidden" in them.
func ShopWithEverything() shop.Shop {
	return shop.Shop{
		Contract: "sb_test", Tenant: noren.TenantPatch{Name: noren.Set("暖簾商店")},
		Ranks:      []noren.Rank{{ID: 1, Name: "Bronze"}},
		StaffRanks: []noren.StaffRank{{ID: 1, Name: "社員"}},
		Stores:     []noren.Store{{ID: 1, Code: "001", Name: "本店", Kind: noren.StoreShop}},
		Products:   []noren.Product{{ID: 1, Code: "P1", Name: "緑茶"}},
		Members:    []noren.MemberPatch{{ID: 7, Code: noren.Set("MB7"), LastName: noren.Set("山田"), Rank: noren.Set(noren.Ref{Name: "bronze "})}},
		Purchases: []noren.PurchaseEvent{{
			Kind: noren.PurchasePaid, Member: noren.MemberKey{Code: "MB7"}, ExternalID: "1", Amount: 100, PaidAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC),
		}},
		SigningKeys:  map[string]string{noren.SigningKeyShopify: "hidden-shopify"},
		ConsoleUsers: []shop.ConsoleUser{{Login: "admin", Password: "hidden-password", Role: "admin"}},
		Clients: []access.ClientSpec{{
			Name: "pos", Dialect: noren.Smaregi, Kind: noren.AppClient, Scopes: []string{"pos.stock:read"},
			Key: "pos-app", Secret: "hidden-secret", WebhookSecret: "whsec_aGlkZGVu",
		}},
	}
}

// AuditOf is the audit log of the only tenant, newest first.
func AuditOf(t *testing.T, engine noren.Engine) (entries []noren.AuditEntry) {
	t.Helper()
	tenants, err := engine.Tenants(t.Context())
	if err != nil || len(tenants) != 1 {
		t.Fatal(tenants, err)
	}
	err = engine.View(t.Context(), tenants[0].ID, func(tx noren.Tx) (err error) {
		entries, err = tx.Audit(context.Background(), noren.AuditFilter{})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries
}

// ImportFile is a file of lines as its reader would return it: the header names fields, and lines count from 2.
func ImportFile(header string, lines ...string) noren.ImportFile {
	f := noren.ImportFile{Name: "file.csv", Encoding: "UTF-8", Header: strings.Split(header, ",")}
	f.Fields = f.Header
	f.Lines = func(yield func(noren.ImportLine, error) bool) {
		for i, line := range lines {
			if !yield(noren.ImportLine{Number: i + 2, Cells: strings.Split(line, ",")}, nil) {
				return
			}
		}
	}
	return f
}

// Japan is a time in Japan, written as 2006-01-02 15:04:05.
func Japan(text string) time.Time {
	at, err := time.ParseInLocation(time.DateTime, text, time.FixedZone("JST", 9*60*60))
	if err != nil {
		panic(err) // a slip in a test
	}
	return at
}

// OfShopify names a member by the id of a Shopify customer.
func OfShopify(id string) noren.MemberKey { return noren.MemberKey{ShopifyCustomerID: id} }

// OfCode names a member by code.
func OfCode(code string) noren.MemberKey { return noren.MemberKey{Code: code} }

// Paid is an event of a purchase that was paid on 2026-01-10.
func Paid(id string, amount int64, key noren.MemberKey) noren.PurchaseEvent {
	return noren.PurchaseEvent{
		Kind: noren.PurchasePaid, ExternalID: id, Member: key, Amount: amount, Currency: "JPY", PaidAt: Japan("2026-01-10 12:00:00"),
	}
}

// RefundOf is an event of a refund of the purchase id.
func RefundOf(id, refund string, amount int64) noren.PurchaseEvent {
	return noren.PurchaseEvent{Kind: noren.PurchaseRefunded, ExternalID: id, RefundID: refund, Amount: amount}
}

// CancelOf is an event of the cancellation of the purchase id.
func CancelOf(id string) noren.PurchaseEvent {
	return noren.PurchaseEvent{Kind: noren.PurchaseCancelled, ExternalID: id}
}

// OnBothEngines runs the test on the bundle on each engine.
func OnBothEngines(t *testing.T, test func(t *testing.T, b *Bundle)) {
	OnEngines(t, func(t *testing.T, url string) {
		test(t, SetupAt(t, url, func(e noren.Engine) noren.Engine { return e }))
	})
}

// Record records the events in a transaction of their own. Production has events only inside a larger one: that of a
// message or of the shop file.
func Record(
	ctx context.Context, a *app.App, c noren.Caller, source string, events ...noren.PurchaseEvent,
) (out []purchases.Outcome, err error) {
	_, err = a.Run.Write(ctx, c, nil, func(tx noren.Tx, by noren.AuditEntry) (any, error) {
		out, err = purchases.Record(ctx, tx, unit.Unit{Tenant: c.Tenant, Now: by.At}, source, events, by)
		return nil, err
	})
	return out, err
}

// Linking says which e-mail address a Shopify customer has.
func Linking(customer, email string) inbox.Content {
	return inbox.Content{Link: &inbox.ShopifyLink{ShopifyCustomerID: customer, Email: email}}
}

// Telling tells of purchases.
func Telling(events ...noren.PurchaseEvent) inbox.Content {
	return inbox.Content{Purchases: events}
}
