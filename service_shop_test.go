package noren_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/password"
	"noren/sqlstore"
)

// newService makes a Service on an empty SQLite database with its clock standing still.
func newService(t *testing.T) (*noren.Service, noren.Engine) {
	t.Helper()
	clock := func() time.Time { return time.Date(2026, 4, 1, 12, 0, 0, 0, time.UTC) }
	engine, err := sqlstore.Open(t.Context(), sqlstore.Config{URL: "sqlite:" + t.TempDir() + "/noren.db", Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return noren.NewService(noren.Config{Engine: engine, Clock: clock, Passwords: password.Argon2id{}}), engine
}

func shopWithEverything() noren.Shop {
	return noren.Shop{
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
		ConsoleUsers: []noren.ShopConsoleUser{{Login: "admin", Password: "hidden-password", Role: "admin"}},
		Clients: []noren.ShopClient{{
			Name: "pos", Dialect: noren.Smaregi, Kind: noren.AppClient, Scopes: []string{"pos.stock:read"},
			Key: "pos-app", Secret: "hidden-secret", WebhookSecret: "whsec_aGlkZGVu",
		}},
	}
}

func audit(t *testing.T, engine noren.Engine) (entries []noren.AuditEntry) {
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

// Every write of a shop file is in the audit log, no secret is, and applying the file again writes nothing.
func TestApplyShopIsAudited(t *testing.T) {
	t.Parallel()
	service, engine := newService(t)
	if _, err := service.ApplyShop(t.Context(), shopWithEverything()); err != nil {
		t.Fatal(err)
	}
	first := audit(t, engine)
	subjects := make(map[string]int)
	for _, e := range first {
		subjects[e.Subject]++
		if e.Dialect != noren.Operator || e.ClientID != nil {
			t.Errorf("entry %+v is not the operator's", e)
		}
		if text := string(e.Changes); strings.Contains(text, "hidden") || strings.Contains(text, "whsec_") || strings.Contains(text, "argon2") {
			t.Errorf("a secret is in the audit log: %s", text)
		}
	}
	for _, subject := range []string{
		"tenant", "ranks", "staff ranks", "stores", "products", "member", "purchase", "signing key", "console users", "client",
	} {
		if subjects[subject] != 1 {
			t.Errorf("%d entries for %s, want 1", subjects[subject], subject)
		}
	}
	report, err := service.ApplyShop(t.Context(), shopWithEverything())
	if err != nil || report.Changed() {
		t.Errorf("the second time: %+v, %v", report.Lines, err)
	}
	if again := audit(t, engine); len(again) != len(first) {
		t.Errorf("the second time wrote %d entries", len(again)-len(first))
	}
}

// A code that is taken is reported at its row of the file, whatever else the file has.
func TestApplyShopNamesTheRowOfAConflict(t *testing.T) {
	t.Parallel()
	service, _ := newService(t)
	shop := shopWithEverything()
	shop.Members[0].AliasCode = noren.Set("taken")
	shop.Members = append(shop.Members, noren.MemberPatch{ID: 8, Code: noren.Set("MB8")})
	if _, err := service.ApplyShop(t.Context(), shop); err != nil {
		t.Fatal(err)
	}
	for name, members := range map[string][]noren.MemberPatch{
		"a new member":     {{ID: 7, LastName: noren.Set("佐藤")}, {ID: 9, Code: noren.Set("MB9")}, {ID: 10, Code: noren.Set("MB7")}},
		"a changed member": {{ID: 11, Code: noren.Set("MB11")}, {ID: 7, LastName: noren.Set("佐藤")}, {ID: 8, AliasCode: noren.Set("taken")}},
	} {
		_, err := service.ApplyShop(t.Context(), noren.Shop{Contract: "sb_test", Members: members})
		if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != noren.Conflict || e.Row != 3 {
			t.Errorf("%s: %v, want a conflict in row 3", name, err)
		}
	}
}
