package privacy

import (
	"archive/zip"
	"context"
	"encoding/base64"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/app"
	"noren/app/access"
	"noren/app/shop"
	"noren/dialect/dialecttest"
	"noren/pgtest"
	"noren/web"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }

// setup starts a server with two tenants, each with a member 7. Its keys: all (both scopes), reader, eraser, none (no scopes), b (of
// the other tenant), wrong (a wrong secret) and pos (a client of another dialect).
func setup(t *testing.T) *dialecttest.Server {
	t.Helper()
	s := dialecttest.Start(t, dialecttest.Config{
		Dialects: func(a *app.App) []web.Dialect {
			opens := func(_ context.Context, contract, fileKey string) (io.ReadCloser, error) {
				switch fileKey {
				case "lost.png":
					return nil, fs.ErrNotExist
				case "away.png":
					return nil, &noren.Error{Kind: noren.Unavailable, RetryAfter: 10 * time.Second}
				}
				return io.NopCloser(strings.NewReader("bytes of " + contract + "/" + fileKey)), nil
			}
			return []web.Dialect{New(Rooms{Access: a.Access, Privacy: a.Privacy, OpenFile: opens}, "test")}
		},
		Prove: func(header http.Header, key string) {
			header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(key)))
		},
	})
	client := func(name string, dialect noren.Dialect, scopes ...string) access.ClientSpec {
		return access.ClientSpec{Name: name, Dialect: dialect, Key: name, Secret: "secret of " + name, Scopes: scopes}
	}
	for contract, clients := range map[string][]access.ClientSpec{
		dialecttest.ShopA: {
			client("all", noren.Privacy, scopeRead, scopeErase), client("reader", noren.Privacy, scopeRead),
			client("eraser", noren.Privacy, scopeErase), client("none", noren.Privacy), client("pos", noren.Smaregi, scopeRead, scopeErase),
		},
		dialecttest.ShopB: {client("b", noren.Privacy, scopeRead, scopeErase)},
	} {
		s.Apply(shop.Shop{
			Contract: contract, Tenant: noren.TenantPatch{Name: noren.Set(contract)}, Clients: clients,
			Members: []noren.MemberPatch{{ID: 7, Code: noren.Set("MB7"), LastName: noren.Set("山田 of " + contract), Email: noren.Set("y@example.com")}},
		})
		for _, c := range clients {
			s.Keys[c.Name] = c.Name + ":" + c.Secret
		}
	}
	s.Keys["wrong"] = "all:secret of nobody"
	return s
}

const one = "/api/privacy/people/7"

func TestDocument(t *testing.T) {
	t.Parallel()
	doc := dialecttest.LoadDocument(t, New(Rooms{}, "test"))
	doc.HasEveryRoute(t)
	doc.IsServed(t, setup(t))
}

// TestNobodyElse: without the scope, the credential or the tenant nothing is told, whichever endpoint is asked.
func TestNobodyElse(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, c := range []struct {
		as, method, path string
		want             int
	}{
		{"", "GET", one, 401},
		{"wrong", "GET", one, 401},
		{"pos", "GET", one, 401},
		{"pos", "DELETE", one, 401},
		{"none", "GET", one, 403},
		{"none", "DELETE", one, 403},
		{"none", "GET", "/api/privacy/receipts", 403},
		{"reader", "DELETE", one, 403},
		{"eraser", "GET", one, 403},
		{"eraser", "GET", one + "/archive", 403},
		{"none", "GET", one + "/archive", 403},
		{"wrong", "GET", one + "/archive", 401},
		{"all", "GET", "/api/privacy/people/8/archive", 404},
		{"all", "GET", one + "/archive?x=1", 400},
		{"all", "POST", one + "/archive", 405},
		{"all", "GET", "/api/privacy/people/8", 404},
		{"all", "DELETE", "/api/privacy/people/8", 404},
		{"all", "GET", "/api/privacy/people/MB7", 404},
		{"all", "GET", "/api/privacy/people/0", 404},
		{"all", "GET", "/api/privacy/people/99999999999999999999", 404},
		{"all", "GET", "/api/privacy/people", 404},
		{"all", "GET", one + "?x=1", 400},
		{"all", "DELETE", one + "?dry_run=true", 400}, // which would erase
		{"all", "PUT", one, 405},
		{"all", "POST", "/api/privacy/receipts", 405},
	} {
		a := s.Do(dialecttest.Request{Method: c.method, Path: c.path, As: c.as})
		if a.Status != c.want || strings.Contains(a.Body, "山田") {
			t.Errorf("%s %s as %q: %d %s, want %d", c.method, c.path, c.as, a.Status, a.Body, c.want)
		}
	}
	// A caller restricted to one store sees and erases nobody, however it came to be restricted.
	if a := s.Do(dialecttest.Request{Method: "GET", Path: one, As: "b"}); a.Status != 200 || !strings.Contains(a.Body, "of "+dialecttest.ShopB) {
		t.Errorf("the other tenant gets %d %s", a.Status, a.Body)
	}
}

// TestHandOutAndErase hands a member out, erases it, and finds nothing afterwards; all of it is in the log.
func TestHandOutAndErase(t *testing.T) {
	t.Parallel()
	s := setup(t)
	a := s.Do(dialecttest.Request{Method: "GET", Path: one, As: "reader"})
	var data struct {
		Member  map[string]any `json:"member"`
		Notes   []any          `json:"notes"`
		Changes []struct {
			Changes map[string]any `json:"changes"`
		} `json:"changes"`
	}
	if err := json.Unmarshal([]byte(a.Body), &data); err != nil || a.Status != 200 || data.Member["email"] != "y@example.com" || data.Notes == nil {
		t.Fatalf("%d %s, %v", a.Status, a.Body, err)
	}
	if len(data.Changes) == 0 || len(data.Changes[0].Changes) == 0 {
		t.Errorf("the changes are %v", data.Changes)
	}
	erase := dialecttest.Request{Method: "DELETE", Path: one, As: "eraser", Header: map[string]string{"Idempotency-Key": "case-1"}}
	first, again := s.Do(erase), s.Do(erase)
	if first.Status != 200 || !strings.Contains(first.Body, `"member_id":7`) || first.Body != again.Body {
		t.Errorf("erased: %d %s, again %d %s", first.Status, first.Body, again.Status, again.Body)
	}
	if a := s.Do(dialecttest.Request{Method: "GET", Path: one, As: "reader"}); strings.Contains(a.Body, "山田") || strings.Contains(a.Body, "y@example.com") {
		t.Errorf("after erasing %s", a.Body)
	}
	var receipts []map[string]any
	a = s.Do(dialecttest.Request{Method: "GET", Path: "/api/privacy/receipts", As: "eraser"})
	if err := json.Unmarshal([]byte(a.Body), &receipts); err != nil || len(receipts) != 1 || receipts[0]["by"] != "privacy" {
		t.Errorf("receipts %s, %v", a.Body, err)
	}
	tenant, err := s.Rooms.Engine.TenantByContract(t.Context(), dialecttest.ShopA)
	if err != nil {
		t.Fatal(err)
	}
	log, err := s.Rooms.Audit.Log(t.Context(), noren.Caller{Tenant: tenant}, noren.AuditFilter{Dialect: string(noren.Privacy)})
	if err != nil {
		t.Fatal(err)
	}
	// Two hand-outs and one erasure.
	if len(log.Items) != 3 || log.Items[0].Address == "" || log.Items[0].ClientID == nil || log.Items[1].SubjectID != "7" {
		t.Errorf("the log has %+v", log.Items)
	}
}

// TestArchive hands a member out with the bytes of its files.
func TestArchive(t *testing.T) {
	t.Parallel()
	s := setup(t)
	tenant, err := s.Rooms.Engine.TenantByContract(t.Context(), dialecttest.ShopA)
	if err != nil {
		t.Fatal(err)
	}
	attach := func(key string) {
		t.Helper()
		c := noren.Caller{Tenant: tenant}
		if _, err := s.Rooms.Members.AddUpload(t.Context(), c, noren.Upload{FileKey: key, MIMEType: "image/png"}, nil); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Rooms.Members.Attach(t.Context(), c, noren.Attachment{MemberID: 7, FileKey: key, Tag: noren.PhotoFile}, nil); err != nil {
			t.Fatal(err)
		}
	}
	attach("a.png")
	attach("lost.png")
	get := dialecttest.Request{Method: http.MethodGet, Path: one + "/archive", As: "reader"}
	a := s.Do(get)
	archive, err := zip.NewReader(strings.NewReader(a.Body), int64(len(a.Body)))
	if a.Status != http.StatusOK || a.Header.Get("Content-Type") != "application/zip" || err != nil {
		t.Fatalf("%d %s %v", a.Status, a.Header, err)
	}
	for name, want := range map[string]string{
		"data.json": `"y@example.com"`, "data.html": "y@example.com", "files/1.png": "bytes of " + dialecttest.ShopA + "/a.png",
	} {
		f, err := archive.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(f); err != nil || !strings.Contains(string(got), want) {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	log, err := s.Rooms.Audit.Log(t.Context(), noren.Caller{Tenant: tenant}, noren.AuditFilter{Dialect: string(noren.Privacy)})
	if err != nil || len(log.Items) != 1 {
		t.Errorf("the log has %+v, %v", log.Items, err)
	}
	// Nothing is better than half of it.
	attach("away.png")
	if a := s.Do(get); a.Status != http.StatusServiceUnavailable || a.Header.Get("Retry-After") != "10" {
		t.Errorf("while the store of files is away: %d %s", a.Status, a.Body)
	}
}

// A wrong credential is one guess, also where a request is served a second time because what it was refused by was remembered only: a
// hundred are refused as wrong before any has to wait.
func TestAWrongCredentialIsOneGuess(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for i := range 100 {
		if a := s.Do(dialecttest.Request{Method: http.MethodGet, Path: base + "/receipts", As: "wrong"}); a.Status != http.StatusUnauthorized {
			t.Fatalf("guess %d: %d %s", i+1, a.Status, a.Body)
		}
	}
}
