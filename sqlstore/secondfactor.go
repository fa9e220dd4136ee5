package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"

	"noren"
)

// secondFactors is the query for the second factors of the tenant.
const secondFactors = "SELECT login, secret, on_at, used_step, recovery FROM console_second_factors WHERE tenant_id = ?"

// readSecondFactor reads a row of secondFactors.
func readSecondFactor(row scannable) (f noren.SecondFactor, err error) {
	var on sql.NullInt64
	var recovery string
	if err := row.Scan(&f.Login, &f.Secret, &on, &f.UsedStep, &recovery); err != nil {
		return f, err
	}
	f.OnAt = fromNullMicros(on)
	return f, json.Unmarshal([]byte(recovery), &f.Recovery)
}

// SecondFactors implements noren.SecondFactorTx.
func (t *tx) SecondFactors(ctx context.Context) ([]noren.SecondFactor, error) {
	rows, err := t.query(ctx, secondFactors, t.tenant)
	list, err := collect(rows, err, readSecondFactor)
	return list, doing("read second factors", err)
}

// LockSecondFactor implements noren.SecondFactorTx. Of two who send the same code at once, the second waits here, and then
// sees that it is used up.
func (t *tx) LockSecondFactor(ctx context.Context, login string) (noren.SecondFactor, error) {
	rows, err := t.query(ctx, secondFactors+" AND login = ?"+t.db.flavor.forUpdate(), t.tenant, login)
	list, err := collect(rows, err, readSecondFactor)
	if err != nil || len(list) == 0 {
		return noren.SecondFactor{}, doing("read a second factor", err)
	}
	return list[0], nil
}

// PutSecondFactor implements noren.SecondFactorTx.
func (t *tx) PutSecondFactor(ctx context.Context, f noren.SecondFactor) error {
	recovery, err := json.Marshal(append([][]byte{}, f.Recovery...)) // [] and not null
	if err != nil {
		return err
	}
	return t.put(ctx, "console_second_factors", "login", []column{
		{"login", kindText, []any{f.Login}},
		{"secret", kindText, []any{f.Secret}},
		{"on_at", kindInt, []any{nullMicros(f.OnAt)}},
		{"used_step", kindInt, []any{f.UsedStep}},
		{"recovery", kindText, []any{string(recovery)}},
	})
}

// DeleteSecondFactor implements noren.SecondFactorTx.
func (t *tx) DeleteSecondFactor(ctx context.Context, login string) error {
	_, err := t.exec(ctx, "DELETE FROM console_second_factors WHERE tenant_id = ? AND login = ?", t.tenant, login)
	return doing("delete a second factor", err)
}
