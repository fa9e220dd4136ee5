package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"slices"

	"noren"
)

// ConsoleSession implements noren.UserDirectory. It is on the path of every page: two statements by primary keys. Sessions that
// earlier versions began name no tenant, and are not where the tenant's users are.
func (db *DB) ConsoleSession(
	ctx context.Context, named noren.TenantID, hash []byte,
) (t noren.Tenant, u noren.ConsoleUser, s noren.ConsoleSession, err error) {
	s.Hash = hash
	const columns = "SELECT tenant_id, login, signed_in_at, seen_at, expires_at FROM "
	query, args := columns+"tenant_sessions WHERE tenant_id = ? AND hash = ?", []any{named, hash}
	if named == 0 {
		query, args = columns+"console_sessions WHERE hash = ?", []any{hash}
	}
	err = db.read(ctx, func(x *tx) error {
		var signedIn, seen, expires int64
		err := x.queryRow(ctx, query, args...).Scan(&t.ID, &s.Login, &signedIn, &seen, &expires)
		s.SignedInAt, s.SeenAt, s.ExpiresAt = fromMicros(signedIn), fromMicros(seen), fromMicros(expires)
		return foundSession(err)
	})
	if err != nil {
		return t, u, s, err
	}
	err = db.read(ctx, func(x *tx) error {
		var tenant tenantRow
		err := x.queryRow(ctx, `SELECT `+tenantColumns+`, u.login, u.password_hash, u.role, u.store_id
			FROM console_users u JOIN tenants ON tenants.id = u.tenant_id
			WHERE u.tenant_id = ? AND u.login = ? AND u.disabled_at IS NULL`, t.ID, s.Login).
			Scan(append(tenant.refs(), &u.Login, &u.PasswordHash, &u.Role, &u.StoreID)...)
		if err := foundSession(err); err != nil {
			return err
		}
		t, err = tenant.read()
		return err
	})
	return t, u, s, err
}

// foundSession is the error of a look for a session; NotFound where there is no row.
func foundSession(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return &noren.Error{Kind: noren.NotFound, Field: "session", Message: "there is no such session"}
	}
	return doing("look for a session", err)
}

// AddConsoleSession implements noren.UserTx. A run that comes again finds its own work and leaves it.
func (t *tx) AddConsoleSession(ctx context.Context, s noren.ConsoleSession) error {
	_, err := t.exec(ctx, `INSERT INTO tenant_sessions (hash, tenant_id, login, signed_in_at, seen_at, expires_at)
		VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		s.Hash, t.tenant, s.Login, micros(s.SignedInAt), micros(s.SeenAt), micros(s.ExpiresAt))
	return doing("store a session", err)
}

// sessionTables are where a tenant's sessions are: those that name it, and those that an earlier version began.
func sessionTables() []string { return []string{"tenant_sessions", "console_sessions"} }

// TouchConsoleSession implements noren.UserTx.
func (t *tx) TouchConsoleSession(ctx context.Context, s noren.ConsoleSession) error {
	for _, table := range sessionTables() {
		n, err := t.exec(ctx, "UPDATE "+table+" SET signed_in_at = ?, seen_at = ?, expires_at = ? WHERE tenant_id = ? AND hash = ?",
			micros(s.SignedInAt), micros(s.SeenAt), micros(s.ExpiresAt), t.tenant, s.Hash)
		if err != nil || n > 0 {
			return doing("touch a session", err)
		}
	}
	return nil
}

// DeleteConsoleSessions implements noren.UserTx.
func (t *tx) DeleteConsoleSessions(ctx context.Context, logins []string, kept []byte) (int, error) {
	f := t.db.flavor
	if kept == nil {
		kept = []byte{} // NULL differs from nothing, and would keep all
	}
	total := 0
	for i, table := range sessionTables() {
		lock := []string{f.lockRows, f.lockAcross}[i] // sessions of earlier versions are not in the tenant's shard
		// The rows are locked in the order of their keys, so that two who delete the same sessions do not wait for each
		// other.
		n, err := t.exec(ctx, "DELETE FROM "+table+" WHERE tenant_id = ? AND hash IN (SELECT hash FROM "+table+" WHERE tenant_id = ? AND "+
			f.in("login")+" AND hash <> ? ORDER BY hash"+lock+")", t.tenant, t.tenant, f.list(logins), kept)
		if err != nil {
			return 0, doing("delete sessions", err)
		}
		total += int(n)
	}
	return total, nil
}

// DeleteConsoleSession implements noren.UserTx.
func (t *tx) DeleteConsoleSession(ctx context.Context, hash []byte) error {
	for _, table := range sessionTables() {
		if _, err := t.exec(ctx, "DELETE FROM "+table+" WHERE tenant_id = ? AND hash = ?", t.tenant, hash); err != nil {
			return doing("delete a session", err)
		}
	}
	return nil
}

// SignInFailures implements noren.UserDirectory. Behind Citus some of the subjects may be on a worker that is down, whosever they
// are. People go on to sign in then, and are held back by what is counted of the other subjects; where none can be counted, nobody
// signs in.
func (db *DB) SignInFailures(ctx context.Context, subjects []string, fn func(stored []noren.SignInFailures) error) error {
	err := db.countedFailures(ctx, subjects, fn)
	if !db.flavor.sharded || noren.KindOf(err) != noren.Unavailable {
		return err
	}
	var reached []string
	var places []int
	for i, subject := range subjects {
		if db.reaches(ctx, subject) {
			reached, places = append(reached, subject), append(places, i)
		}
	}
	if len(reached) == 0 || len(reached) == len(subjects) {
		return err
	}
	return db.countedFailures(ctx, reached, func(stored []noren.SignInFailures) error {
		all := make([]noren.SignInFailures, len(subjects))
		for i, subject := range subjects {
			all[i].Subject = subject
		}
		for n, i := range places {
			all[i] = stored[n]
		}
		err := fn(all)
		for n, i := range places {
			stored[n] = all[i]
		}
		return err
	})
}

// reaches reports whether what is counted of the subject can be read.
func (db *DB) reaches(ctx context.Context, subject string) bool {
	return db.on.read(ctx, 0, func(t *tx) error {
		var n int
		return t.queryRow(ctx, "SELECT COUNT(*) FROM sign_in_failures WHERE subject = ?", subject).Scan(&n)
	}) == nil
}

// countedFailures is SignInFailures of subjects that can all be counted. A subject that is not stored cannot be locked, so it is
// stored first. Of two transactions with the same subjects the second waits for the first, in their order: sorted, as every list
// that is locked.
func (db *DB) countedFailures(ctx context.Context, subjects []string, fn func(stored []noren.SignInFailures) error) error {
	sorted := slices.Compact(slices.Sorted(slices.Values(subjects)))
	return db.update(ctx, 0, func(t *tx) error {
		// Each by itself, so that rows are locked in the order of the subjects.
		for _, subject := range sorted { // one for the login, one for the address
			if _, err := t.exec(ctx, `INSERT INTO sign_in_failures (subject, failures, last_at, blocked_until)
				VALUES (?, 0, 0, 0) ON CONFLICT DO NOTHING`, subject); err != nil {
				return doing("store failures to sign in", err)
			}
		}
		found := make([]noren.SignInFailures, len(sorted))
		for i, subject := range sorted {
			var last, until int64
			if err := t.queryRow(ctx, "SELECT failures, last_at, blocked_until FROM sign_in_failures WHERE subject = ?"+t.db.flavor.forUpdate(),
				subject).Scan(&found[i].Failures, &last, &until); err != nil {
				return doing("read failures to sign in", err)
			}
			found[i].Subject, found[i].LastAt, found[i].BlockedUntil = subject, fromMicros(last), fromMicros(until)
		}
		// Back in the order in which they were asked for.
		stored := make([]noren.SignInFailures, len(subjects))
		for i, subject := range subjects {
			at := slices.IndexFunc(found, func(s noren.SignInFailures) bool { return s.Subject == subject })
			stored[i] = found[at]
		}
		if err := fn(stored); err != nil {
			return err
		}
		return t.storeFailures(ctx, stored)
	})
}

// storeFailures writes what is left of them; none at all takes no row.
func (t *tx) storeFailures(ctx context.Context, list []noren.SignInFailures) error {
	for _, s := range list {
		var err error
		// So the table has only those who have failed lately, and not everybody who has ever signed in.
		if s.Failures == 0 {
			_, err = t.exec(ctx, "DELETE FROM sign_in_failures WHERE subject = ?", s.Subject)
		} else {
			_, err = t.exec(ctx, "UPDATE sign_in_failures SET failures = ?, last_at = ?, blocked_until = ? WHERE subject = ?",
				s.Failures, micros(s.LastAt), micros(s.BlockedUntil), s.Subject)
		}
		if err != nil {
			return doing("write failures to sign in", err)
		}
	}
	return nil
}
