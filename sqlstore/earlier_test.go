package sqlstore

import (
	"bytes"
	"testing"
	"time"

	"noren"
	"noren/pgtest"
)

// earlierCredentials are a token and a session as earlier versions stored them: their secrets name no tenant.
func earlierCredentials(t *testing.T, b *bundle, tenant noren.TenantID) (token, session []byte) {
	t.Helper()
	token, session = noren.HashSecret("token"), noren.HashSecret("session")
	db, until := b.connect(t), micros(fixedClock().Add(time.Hour))
	for _, s := range []struct {
		sql  string
		args []any
	}{
		{"INSERT INTO access_tokens (hash, tenant_id, client_id, scopes, expires_at) VALUES (?, ?, 1, '[]', ?)", []any{token, tenant, until}},
		{
			`INSERT INTO console_sessions (hash, tenant_id, login, signed_in_at, seen_at, expires_at) VALUES (?, ?, 'a', 0, 0, ?)`,
			[]any{session, tenant, until},
		},
	} {
		if _, err := db.ExecContext(t.Context(), b.flavor.bind(s.sql), s.args...); err != nil {
			t.Fatal(err)
		}
	}
	return token, session
}

// TestCredentialsOfEarlierVersions looks that tokens and sessions of before go on until they end, in each way in which they can, on
// all engines.
func TestCredentialsOfEarlierVersions(t *testing.T) {
	t.Parallel()
	tries := func(t *testing.T, b *bundle) {
		ctx := t.Context()
		tenant, _, err := b.EnsureTenant(ctx, "sb_earlier")
		if err == nil {
			err = b.Update(ctx, tenant.ID, func(tx noren.Tx) error {
				if err := tx.PutConsoleUsers(ctx, []noren.ConsoleUser{{Login: "a", PasswordHash: "x", Role: noren.Viewer}}); err != nil {
					return err
				}
				return tx.PutClients(ctx, []noren.Client{{ID: 1, Name: "c", Dialect: noren.Smaregi, Kind: noren.AppClient, Key: "earlier"}})
			})
		}
		if err != nil {
			t.Fatal(err)
		}
		var token, session []byte
		there := func(what string, want bool) {
			t.Helper()
			b.memory = newMemory() // which has a token that has expired; whoever asks judges that
			_, held, err := b.CallerByToken(ctx, 0, token)
			if found := err == nil; found != want || found && !bytes.Equal(held.Hash, token) {
				t.Errorf("%s: a token is found: %t, %v", what, found, err)
			}
			_, user, s, err := b.ConsoleSession(ctx, 0, session)
			if found := err == nil; found != want || found && (user.Login != "a" || s.Login != "a") {
				t.Errorf("%s: a session is found: %t, %v", what, found, err)
			}
		}
		ends := map[string]func(tx noren.Tx) error{
			"ended one by one": func(tx noren.Tx) error {
				if err := tx.DeleteConsoleSession(ctx, session); err != nil {
					return err
				}
				_, err := tx.KeepTokens(ctx, 1, nil)
				return err
			},
			"ended together": func(tx noren.Tx) error {
				n, err := tx.DeleteConsoleSessions(ctx, []string{"a"}, nil)
				if err == nil && n != 1 {
					t.Errorf("%d sessions were ended", n)
				}
				if err != nil {
					return err
				}
				return tx.RevokeClient(ctx, 1, fixedClock())
			},
		}
		for _, how := range []string{"expired", "ended one by one", "ended together"} {
			token, session = earlierCredentials(t, b, tenant.ID)
			there(how+", before", true)
			err := b.Update(ctx, tenant.ID, func(tx noren.Tx) error {
				return tx.TouchConsoleSession(ctx, noren.ConsoleSession{Hash: session, Login: "a", SeenAt: fixedClock(), ExpiresAt: fixedClock().Add(time.Hour)})
			})
			if _, _, s, err2 := b.ConsoleSession(ctx, 0, session); err != nil || err2 != nil || !s.SeenAt.Equal(fixedClock()) {
				t.Errorf("touched, the session was seen at %v, %v, %v", s.SeenAt, err, err2)
			}
			if end := ends[how]; end != nil {
				err = b.Update(ctx, tenant.ID, end)
			} else if _, err = b.DeleteExpired(ctx, fixedClock()); err == nil {
				there("not expired yet", true)
				_, err = b.DeleteExpired(ctx, fixedClock().Add(time.Hour))
			}
			if err != nil {
				t.Fatal(err)
			}
			there(how, false)
		}
	}
	eachEngine(t, tries)
	t.Run("citus", func(t *testing.T) {
		t.Parallel()
		tries(t, setup(t, pgtest.Citus(t)))
	})
}
