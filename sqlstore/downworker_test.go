package sqlstore

import (
	"slices"
	"strings"
	"testing"

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
	ALTER TABLE callbacks RENAME TO callbacks_stored;
	CREATE VIEW callbacks AS SELECT * FROM callbacks_stored WHERE alive(tenant_id)`

// downWorkerRows are a callback and an import of each tenant that are due.
const downWorkerRows = `INSERT INTO callbacks (tenant_id, request_id, client_id, url, host, body, state, attempts, tries, owed_at, next_at, lease_until)
		SELECT t, 1, 1, '', 'h', '', 'pending', 0, 0, 0, 0, 0 FROM generate_series(1, 3) AS t;
	INSERT INTO imports (tenant_id, id, kind, state, source, file_name, encoding, columns, view, login, dialect, request_id,
		total, processed, created, updated, unchanged, refused, tries, created_at)
		SELECT t, 1, 'stock', 'waiting', '', '', '', '[]', 0, '', '', '', 0, 0, 0, 0, 0, 0, 0, 0 FROM generate_series(1, 3) AS t`

// TestLooksGoOnBesideADownWorker looks for due work while a worker is down: the work of the tenants on others is found, and that of
// its own once it is back. Where nobody can be asked the look fails.
func TestLooksGoOnBesideADownWorker(t *testing.T) {
	t.Parallel()
	b := setup(t, pgtest.Citus(t))
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
	for _, statement := range append(strings.Split(downWorkerRows, ";"), downWorker, "INSERT INTO down VALUES (2)") {
		if _, err := db.ExecContext(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	looks := map[string]func() ([]noren.TenantID, error){
		"bulk requests": func() ([]noren.TenantID, error) { return b.TenantsWithBulk(ctx) },
		"callbacks":     func() ([]noren.TenantID, error) { return b.TenantsWithCallbacks(ctx, now) },
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
