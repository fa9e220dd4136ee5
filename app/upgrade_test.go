package app_test

import (
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/apptest"
	"noren/app/bulk"
	"noren/app/points"
	"noren/password"
	"noren/pgtest"
	"noren/sqlstore"
)

// stored unpacks a file of testdata/stored.
func stored(t *testing.T, name string) []byte {
	t.Helper()
	packed, err := os.Open(filepath.Join("testdata", "stored", name))
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	unpacking, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(unpacking)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// restoredFile is a copy of the SQLite database of the release before.
func restoredFile(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "noren.db")
	if err := os.WriteFile(path, stored(t, "0.1.0.db.gz"), 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// restored are the ways to a database of the release before, each of which returns the URL of a copy.
var restored = map[string]func(t *testing.T) string{
	"sqlite": restoredFile,
	"sqlite, moved to postgres": func(t *testing.T) string {
		from, to := restoredFile(t), pgtest.Database(t)
		db, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: from}) // migrates it
		if err == nil {
			err = db.Close()
		}
		if err == nil {
			_, err = sqlstore.Transfer(t.Context(), from, to, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
		return to
	},
	"postgres": func(t *testing.T) string {
		url := pgtest.Database(t)
		conn, err := pgx.Connect(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(t.Context())
		if _, err := conn.PgConn().Exec(t.Context(), string(stored(t, "0.1.0.postgres.sql.gz"))).ReadAll(); err != nil {
			t.Fatal(err)
		}
		return url
	},
}

// TestDatabaseOfTheReleaseBefore opens what the release before stored: everything is there and sound, what was unfinished
// is finished, and new writes join the old ones. testdata/stored/README.md says what is in the files.
func TestDatabaseOfTheReleaseBefore(t *testing.T) {
	t.Parallel()
	for name, url := range restored {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := &apptest.Bundle{Clock: apptest.NewClock(time.Date(2026, 12, 1, 4, 0, 0, 0, time.UTC)), Ctx: t.Context()}
			b.App = apptest.Start(t, apptest.Config{URL: url(t), Config: app.Config{
				Clock: b.Clock.Read, Passwords: password.Argon2id{},
				Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: apptest.PlainCallbacks{}},
			}})
			b.Engine = b.App.Engine
			b.Sound(t)
			var err error
			if b.Caller, err = b.Access.CallerByKey(b.Ctx, noren.ReCORE, "reuse"); err != nil {
				t.Fatal(err)
			}
			storedAccess(t, b)
			storedMembers(t, b)
			storedRanksAndPurchases(t, b)
			storedRequests(t, b)
			storedImports(t, b)
			finishRequests(t, b)
			writeMore(t, b)
			b.Sound(t)
		})
	}
}

// storedAccess lets everybody in who had a key, a token, a secret or a password.
func storedAccess(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	clerk, err := b.Access.Authenticate(b.Ctx, "token of the clerk")
	if err != nil || clerk.Client.Name != "clerk" || clerk.Client.StoreID == nil || *clerk.Client.StoreID != 1 {
		t.Errorf("the clerk's token is that of %+v, error %v", clerk.Client, err)
	}
	if token, err := b.Access.IssueToken(b.Ctx, "sb_demo0001", "demo-pos", "secret of the till", []string{"pos.stock:read"}); err != nil {
		t.Errorf("a token for the till: %+v, error %v", token, err)
	}
	if secret, err := b.Access.TenantSecret(b.Ctx, b.Caller.Tenant.ID, noren.SigningKeyShopify); err != nil || secret != "secret of shopify" {
		t.Errorf("the secret of Shopify is %q, error %v", secret, err)
	}
	_, visit, err := b.Access.SignIn(b.Ctx, access.Credentials{
		Contract: "sb_demo0001", Login: "admin", Password: "ひらけごま、開けゴマ", Address: "192.0.2.1",
	}, "r1")
	if err != nil || visit.User.Role != noren.Admin {
		t.Errorf("admin signs in as %+v, error %v", visit.User, err)
	}
}

// found are the ids of the members that a keyword finds.
func found(t *testing.T, b *apptest.Bundle, keyword string) (ids []int64) {
	t.Helper()
	list, err := b.Members.List(b.Ctx, b.Caller, noren.MemberFilter{Keyword: keyword})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list.Items {
		ids = append(ids, m.ID)
	}
	return ids
}

func storedMembers(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	if all, err := b.Members.List(b.Ctx, b.Caller, noren.MemberFilter{Page: noren.Page{Limit: 1}}); err != nil || all.Total != 41 {
		t.Errorf("%d members, error %v", all.Total, err)
	}
	first, err := b.Members.Get(b.Ctx, b.Caller, 1)
	if err != nil || len(first.Attachments[1]) != 1 || noren.Deref(first.Items[0].Note) != "一括" {
		t.Errorf("the first member: %+v, error %v", first, err)
	}
	notes, err := b.Members.Notes(b.Ctx, b.Caller, noren.NoteFilter{MemberID: 1})
	if err != nil || len(notes.Notes) != 1 || notes.Notes[0].Text != "会員メモ" {
		t.Errorf("notes %+v, error %v", notes, err)
	}
	for keyword, want := range map[string][]int64{"改姓": {2}, "MB0000000007": {7}, "輸入": {41}, "隣田": nil} {
		apptest.Same(t, "members found by "+keyword, want, found(t, b, keyword))
	}
	apptest.Same(t, "points of the first", []string{"DEFAULT 105, 105 through 2027-11-20", "PAID 500"}, apptest.Points(t, b, 1))
	apptest.Same(t, "points of the third", []string{"DEFAULT 120, 120 through 2027-11-20", "PAID 500"}, apptest.Points(t, b, 3))
	ledger, err := b.Points.Ledger(b.Ctx, b.Caller, noren.PointEntryFilter{MemberID: 1})
	if err != nil || len(ledger.Entries) != 4 {
		t.Errorf("%d movements of points, error %v", len(ledger.Entries), err)
	}
}

func storedRanksAndPurchases(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	changes, err := b.Ranks.Changes(b.Ctx, b.Caller, noren.RankChangeFilter{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, c := range changes.Items {
		lines = append(lines, fmt.Sprintf("%d to %d: %s", c.MemberID, *c.To, c.Reason))
	}
	apptest.Same(t, "changes of ranks", []string{"8 to 4: set", "6 to 5: entry_met"}, lines)
	ladder, err := b.Ranks.Ladder(b.Ctx, b.Caller)
	if err != nil || len(ladder.Ranks) != 5 {
		t.Errorf("the ladder is %+v, error %v", ladder, err)
	}
	if due, err := b.Ranks.Due(b.Ctx, b.Caller.Tenant); err != nil || due != nil {
		t.Errorf("a check of ranks is due at %v, error %v", due, err)
	}
	held, err := b.Purchases.List(b.Ctx, b.Caller, noren.PurchaseFilter{Held: true})
	if err != nil || held.Total != 1 || held.Items[0].ExternalID != "held" {
		t.Errorf("held are %+v, error %v", held, err)
	}
	// A source tells again what it told the release before.
	apptest.Same(t, "the message", "applied: credited to member 1", apptest.Receive(t, b, "w1", apptest.Telling()))
	key := noren.StockKey{ProductID: 1, StoreID: 1}
	levels, err := b.Stock.Levels(b.Ctx, b.Caller, noren.StockFilter{ProductID: 1, StoreID: 1})
	if err != nil || len(levels.Items) != 1 || levels.Items[0].Amount != 77 {
		t.Errorf("levels %+v, error %v", levels, err)
	}
	history, err := b.Stock.History(b.Ctx, b.Caller, key, b.Stock.LastDays(b.Caller.Tenant, 30), noren.Page{})
	if err != nil || history.Movements.Total != 2 {
		t.Errorf("movements %+v, error %v", history.Movements, err)
	}
}

// storedRequests looks at bulk requests, their callbacks and the answers kept under their keys.
func storedRequests(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	var lines []string
	for id := int64(1); id <= 4; id++ {
		s, err := b.Bulk.Status(b.Ctx, b.Caller, id)
		if err != nil {
			t.Fatal(err)
		}
		line := fmt.Sprintf("%d %s", id, s.Request.State)
		if s.Callback != nil {
			line += fmt.Sprintf(" %s after %d", s.Callback.State, len(s.Attempts))
		}
		lines = append(lines, line)
	}
	apptest.Same(t, "bulk requests", []string{"1 succeeded delivered after 1", "2 failed pending after 1", "3 succeeded pending after 0", "4 accepted"}, lines)
	till, err := b.Access.CallerByKey(b.Ctx, noren.Smaregi, "demo-pos")
	if err != nil {
		t.Fatal(err)
	}
	for body, kind := range map[string]noren.Kind{"k1": 0, "another": noren.Conflict} {
		key := noren.IdempotencyKey{ClientID: till.Client.ID, Route: "PATCH /customers/bulk", Key: "k1"}
		kept, release, err := b.Run.Replay(b.Ctx, till, key, func() ([]byte, error) { return noren.HashSecret(body), nil })
		if kind == 0 && (err != nil || kept == nil || string(kept.Body) != `{"kept":"k1"}`) || kind != 0 && noren.KindOf(err) != kind {
			t.Errorf("the kept answer for the body %s is %+v, error %v", body, kept, err)
		}
		if release != nil {
			release()
		}
	}
}

func storedImports(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	list, err := b.Imports.List(b.Ctx, b.Caller, noren.Page{})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, i := range list.Items {
		lines = append(lines, fmt.Sprintf("%d %s %s %d/%d", i.ID, i.Kind, i.State, i.Processed, i.Total))
	}
	apptest.Same(t, "imports", []string{"3 products draft 0/1", "2 members waiting 0/1", "1 members done 2/2"}, lines)
	apptest.Same(t, "refused lines", []string{"3 status unknown_word WRONG"}, apptest.ImportProblems(t, b, b.Caller, 1))
}

// finishRequests does what the release before left undone: a bulk request that it accepted, the callbacks, an import.
func finishRequests(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	done, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID)
	if err != nil || len(done) != 1 || done[0].ID != 4 || done[0].State != noren.BulkSucceeded {
		t.Errorf("applied are %+v, error %v", done, err)
	}
	apptest.Same(t, "members found by the new name", []int64{3}, found(t, b, "待田"))
	claimed := apptest.Claim(t, b.App)
	if len(claimed) != 3 {
		t.Errorf("callbacks to send are %+v", claimed)
	}
	for _, c := range claimed {
		if _, err := b.Bulk.RecordAttempt(b.Ctx, c, noren.Attempt{At: b.Clock.Read(), Status: 204}); err != nil {
			t.Error(err)
		}
	}
	if i := apptest.RunImport(t, b, b.Caller, 2); i.State != noren.ImportDone || i.Created != 1 {
		t.Errorf("the import is %+v", i)
	}
	apptest.Same(t, "members found by the imported name", []int64{42}, found(t, b, "未了"))
}

// writeMore writes of everything: numbers go on from where they were.
func writeMore(t *testing.T, b *apptest.Bundle) {
	t.Helper()
	made := apptest.Create(t, b, noren.MemberPatch{LastName: noren.Set("新田"), Mobile: noren.Set("090-0123-4567")}).Items[0].ID
	apptest.Same(t, "the new member", []int64{43, 43}, append(found(t, b, "新田"), made))
	apptest.Link(t, b, made, "9007199254740995")
	held, err := b.Purchases.List(b.Ctx, b.Caller, noren.PurchaseFilter{MemberID: made})
	if err != nil || held.Total != 1 || held.Items[0].Credited != 700 {
		t.Errorf("what was held is %+v, error %v", held, err)
	}
	for _, a := range []points.Adjustment{
		{Mode: points.Add, Amount: 10, Type: noren.DefaultPoint, ExpiresOn: noren.Set(noren.Date("2026-12-31"))},
		{Mode: points.Subtract, Amount: 20, Type: noren.DefaultPoint},
	} {
		a.Query.IDs = []int64{1, 3}
		if _, err := b.Points.Adjust(b.Ctx, b.Caller, a, nil); err != nil {
			t.Fatal(err)
		}
	}
	apptest.Same(t, "points of the first", []string{"DEFAULT 95, 95 through 2027-11-20", "PAID 500"}, apptest.Points(t, b, 1))
	apptest.SetStock(t, b, b.Caller, 1, 1, 5)
	request := apptest.AcceptStock(t, b, b.Caller, 1, 1, 6)
	if done, err := b.Bulk.ApplyLane(b.Ctx, b.Caller.Tenant.ID); err != nil || request != 5 || len(done) != 1 {
		t.Errorf("request %d: applied are %+v, error %v", request, done, err)
	}
	b.Clock.Set(t, "2027-01-01 09:00:00")
	due, err := b.Ranks.Due(b.Ctx, b.Caller.Tenant)
	if err != nil || due == nil {
		t.Fatalf("no check of ranks is due: error %v", err)
	}
	if check, err := b.Ranks.Check(b.Ctx, b.Caller.Tenant, *due, nil); err != nil || check.FinishedAt == nil {
		t.Errorf("the check is %+v, error %v", check, err)
	}
}
