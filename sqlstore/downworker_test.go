package sqlstore

import (
	"database/sql"
	"slices"
	"strings"
	"testing"
	"time"

	"noren"
	"noren/pgtest"
)

// downWorker makes tables fail as those of Citus do whose worker is down: for tenant 2, and for any statement over all tenants.
const downWorker = `CREATE TABLE down (tenant_id bigint);
	CREATE FUNCTION alive(tenant bigint) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
		IF EXISTS (SELECT 1 FROM down WHERE tenant_id = tenant) THEN
			RAISE EXCEPTION 'connection to the remote node failed' USING ERRCODE = '08006';
		END IF;
		RETURN true;
	END $$;
	ALTER TABLE lanes RENAME TO lanes_stored;
	CREATE VIEW lanes AS SELECT * FROM lanes_stored WHERE alive(tenant_id);
	ALTER TABLE imports RENAME TO imports_stored;
	CREATE VIEW imports AS SELECT * FROM imports_stored WHERE alive(tenant_id);
	ALTER TABLE uploads RENAME TO uploads_stored;
	CREATE VIEW uploads AS SELECT * FROM uploads_stored WHERE alive(tenant_id);
	ALTER TABLE callbacks RENAME TO callbacks_stored;
	CREATE VIEW callbacks AS SELECT * FROM callbacks_stored WHERE alive(tenant_id);
	ALTER TABLE tenant_tokens RENAME TO tenant_tokens_stored;
	CREATE VIEW tenant_tokens AS SELECT * FROM tenant_tokens_stored WHERE alive(tenant_id);
	ALTER TABLE tenant_sessions RENAME TO tenant_sessions_stored;
	CREATE VIEW tenant_sessions AS SELECT * FROM tenant_sessions_stored WHERE alive(tenant_id);
	ALTER TABLE sign_in_failures RENAME TO sign_in_failures_stored;
	CREATE VIEW sign_in_failures AS SELECT * FROM sign_in_failures_stored WHERE alive(CASE WHEN subject LIKE '%down%' THEN 2 ELSE 1 END)`

// putDown makes the tables fail for tenant 2.
func (b *bundle) putDown(t *testing.T) *sql.DB {
	t.Helper()
	db := b.connect(t)
	// A statement each; those within the function are not cut.
	head, rest, _ := strings.Cut(downWorker, "END $$;")
	create, function, _ := strings.Cut(head, ";")
	for _, statement := range slices.Concat([]string{create, function + "END $$"}, strings.Split(rest, ";"), []string{"INSERT INTO down VALUES (2)"}) {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

// downWorkerRows are a callback, an import and a file to sweep of each tenant that are due.
const downWorkerRows = `INSERT INTO uploads (tenant_id, file_key, mime_type, size, public, client_id, created_at, attachments, condemned)
		SELECT t, 'a.png', '', 0, FALSE, 1, 0, 0, FALSE FROM generate_series(1, 3) AS t;
	INSERT INTO callbacks (tenant_id, request_id, client_id, url, host, body, state, attempts, tries, owed_at, next_at, lease_until)
		SELECT t, 1, 1, '', 'h', '', 'pending', 0, 0, 0, 0, 0 FROM generate_series(1, 3) AS t;
	INSERT INTO imports (tenant_id, id, kind, state, source, file_name, encoding, columns, view, login, dialect, request_id,
		total, processed, created, updated, unchanged, refused, tries, created_at)
		SELECT t, 1, 'stock', 'waiting', '', '', '', '[]', 0, '', '', '', 0, 0, 0, 0, 0, 0, 0, 0 FROM generate_series(1, 3) AS t`

// TestLooksGoOnBesideADownWorker looks for due work while a worker is down: the work of the tenants on others is found, and that of
// its own once it is back. Where nobody can be asked the look fails.
func TestLooksGoOnBesideADownWorker(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.LikeCitus(t))
	db := b.connect(t)
	ctx, now := t.Context(), fixedClock()
	for id := range noren.TenantID(3) {
		tenant, _, err := b.EnsureTenant(ctx, "sb_"+string('1'+rune(id)))
		if err == nil {
			err = b.Update(ctx, tenant.ID, func(tx noren.Tx) error {
				if err := tx.PutTenant(ctx, tenant); err != nil {
					return err
				}
				_, err := tx.AcceptBulk(ctx, []noren.BulkRequest{{Token: "t"}}, [][]byte{[]byte("{}")})
				return err
			})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for statement := range strings.SplitSeq(downWorkerRows, ";") {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	b.putDown(t)
	looks := map[string]func() ([]noren.TenantID, error){
		"bulk requests": func() ([]noren.TenantID, error) { return b.TenantsWithBulk(ctx) },
		"callbacks":     func() ([]noren.TenantID, error) { return b.TenantsWithCallbacks(ctx, now) },
		"files":         func() ([]noren.TenantID, error) { return b.TenantsWithUnusedFiles(ctx, now) },
		"imports":       func() ([]noren.TenantID, error) { return b.TenantsWithImports(ctx) },
	}
	expect := func(want ...noren.TenantID) {
		t.Helper()
		for name, look := range looks {
			if got, err := look(); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s wait at %v, %v, want %v", name, got, err, want)
			}
		}
	}
	expect(1, 3)
	if n, err := b.HastenCallbacks(ctx, now, now, now); err != nil || n != 0 {
		t.Errorf("%d callbacks were hastened, %v", n, err)
	}
	if _, err := db.ExecContext(ctx, "INSERT INTO down VALUES (1), (3)"); err != nil {
		t.Fatal(err)
	}
	for name, look := range looks {
		if got, err := look(); noren.KindOf(err) != noren.Unavailable {
			t.Errorf("with all workers down %s wait at %v, %v", name, got, err)
		}
	}
	if _, err := db.ExecContext(ctx, "DELETE FROM down"); err != nil {
		t.Fatal(err)
	}
	expect(1, 2, 3)
}

// TestCredentialsBesideADownWorker issues and looks up tokens and sessions while a worker is down: those of the tenants on others,
// and of its own nothing but what can be tried again.
func TestCredentialsBesideADownWorker(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.LikeCitus(t))
	ctx, until := t.Context(), fixedClock().Add(time.Hour)
	token := func(tenant noren.TenantID, word string) noren.Token {
		return noren.Token{Named: tenant, Hash: noren.HashSecret(word + string('0'+rune(tenant))), ClientID: 1, ExpiresAt: &until}
	}
	session := func(tenant noren.TenantID) noren.ConsoleSession {
		return noren.ConsoleSession{Hash: token(tenant, "session").Hash, Login: "a", ExpiresAt: until}
	}
	add := func(tenant noren.TenantID, word string) error {
		return b.Update(ctx, tenant, func(tx noren.Tx) error { return tx.AddToken(ctx, token(tenant, word)) })
	}
	for id := range noren.TenantID(2) {
		tenant, _, err := b.EnsureTenant(ctx, "sb_"+string('1'+rune(id)))
		if err == nil {
			err = b.Update(ctx, tenant.ID, func(tx noren.Tx) error {
				if err := tx.PutClients(ctx, []noren.Client{{ID: 1, Name: "c", Dialect: noren.Smaregi, Kind: noren.AppClient}}); err != nil {
					return err
				}
				if err := tx.PutConsoleUsers(ctx, []noren.ConsoleUser{{Login: "a", PasswordHash: "x", Role: noren.Viewer}}); err != nil {
					return err
				}
				return tx.AddConsoleSession(ctx, session(tenant.ID))
			})
		}
		if err == nil {
			err = add(tenant.ID, "before")
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	db := b.putDown(t)
	find := func(tenant noren.TenantID, word string) error {
		b.memory = newMemory() // as on another server
		_, _, err := b.CallerByToken(ctx, tenant, token(tenant, word).Hash)
		return err
	}
	visit := func(tenant noren.TenantID) error {
		_, _, _, err := b.ConsoleSession(ctx, tenant, session(tenant).Hash)
		return err
	}
	for what, err := range map[string]error{
		"issuing": add(1, "after"), "finding": find(1, "after"), "finding what was there": find(1, "before"), "a session": visit(1),
	} {
		if err != nil {
			t.Errorf("%s of a tenant on another worker: %v", what, err)
		}
	}
	for what, err := range map[string]error{"finding": find(2, "before"), "a session": visit(2)} {
		if noren.KindOf(err) != noren.Unavailable {
			t.Errorf("%s of its own: %v", what, err)
		}
	}
	if n, err := b.DeleteExpired(ctx, until); err != nil || n != 3 {
		t.Errorf("%d that have expired were removed, %v, want 3", n, err)
	}
	if _, err := db.ExecContext(ctx, "DELETE FROM down"); err != nil {
		t.Fatal(err)
	}
	if n, err := b.DeleteExpired(ctx, until); err != nil || n != 2 {
		t.Errorf("afterwards %d were removed, %v, want 2", n, err)
	}
}

// TestSigningInBesideADownWorker: people sign in while a worker is down on which some of what is counted of them is, and are held
// back by the rest of it. Nobody does of whom nothing can be counted.
func TestSigningInBesideADownWorker(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.LikeCitus(t))
	db, ctx := b.putDown(t), t.Context()
	// The stand-in is down where a row is read, and not where one is missing.
	if _, err := db.ExecContext(ctx, "INSERT INTO sign_in_failures_stored VALUES ('login down', 0, 0, 0), ('address down', 0, 0, 0)"); err != nil {
		t.Fatal(err)
	}
	try := func(subjects ...string) (seen []int64, err error) {
		err = b.SignInFailures(ctx, subjects, func(stored []noren.SignInFailures) error {
			seen = nil
			for i, subject := range subjects {
				if stored[i].Subject != subject {
					t.Errorf("%q is given as %q", subject, stored[i].Subject)
				}
				seen = append(seen, stored[i].Failures)
				stored[i].Failures++
				stored[i].LastAt = fixedClock()
			}
			return nil
		})
		return seen, err
	}
	for i, want := range [][]int64{{0, 0}, {0, 1}, {0, 2}} {
		if seen, err := try("login down", "address"); err != nil || !slices.Equal(seen, want) {
			t.Errorf("try %d: %v failures are known, %v, want %v", i, seen, err, want)
		}
	}
	if _, err := try("login down", "address down"); noren.KindOf(err) != noren.Unavailable {
		t.Errorf("of whom nothing can be counted: %v", err)
	}
	if _, err := db.ExecContext(ctx, "DELETE FROM down"); err != nil {
		t.Fatal(err)
	}
	if seen, err := try("login down", "address"); err != nil || !slices.Equal(seen, []int64{0, 3}) {
		t.Errorf("afterwards %v failures are known, %v", seen, err)
	}
}
