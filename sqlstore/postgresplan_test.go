package sqlstore

import (
	"strings"
	"testing"

	"noren"
	"noren/pgtest"
)

// TestCodesThatManyTenantsHave looks up a code in the largest of many tenants, each of which has a member of that code. PostgreSQL
// reckons with as many hits as there are in all, and must not read the tenant from its first member on.
func TestCodesThatManyTenantsHave(t *testing.T) {
	t.Parallel()
	var sent []string
	url := pgtest.Database(t)
	db, err := Open(t.Context(), Config{URL: url, Clock: fixedClock, OnStatement: func(text string) { sent = append(sent, text) }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	raw := connectTo(t, url)
	for _, statement := range []string{
		`INSERT INTO members (tenant_id, id, code, sex, mail_opt_in, status, is_invoice_provider, created_at, updated_at)
			SELECT t, i, 'M' || i, '', true, '', false, 0, 0 FROM generate_series(1, 300) AS t, generate_series(1, 10 + 12000 / t) AS i`,
		"ANALYZE members",
	} {
		if _, err := raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	f := noren.MemberFilter{Codes: []string{"M7"}, NoTotal: true, Page: noren.Page{Limit: 50}}
	sent = nil
	err = db.View(t.Context(), tenant, func(tx noren.Tx) error {
		found, _, err := tx.Members(t.Context(), f)
		if len(found) != 1 {
			t.Errorf("found %d", len(found))
		}
		return err
	})
	if err != nil || len(sent) != 1 {
		t.Fatal(sent, err)
	}
	// With the arguments in it, as PostgreSQL plans a statement for the first times.
	query := sent[0]
	for _, arg := range []string{"1", "1", "'M7'", "50", "0"} {
		query = strings.Replace(query, "?", arg, 1)
	}
	rows, err := raw.QueryContext(t.Context(), "EXPLAIN "+query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var plan []string
	for rows.Next() {
		var step string
		if err := rows.Scan(&step); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, step)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	if all := strings.Join(plan, "\n"); !strings.Contains(all, "members_tenant_id_code_key") {
		t.Errorf("the code is not looked up:\n%s", all)
	}
}
