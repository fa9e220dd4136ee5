package crashtest

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// ranked is the number of members of the shops whose ranks are checked: enough for a check to take many transactions.
const ranked = 1500

// rankShops are two shops with the same members, of whom some are promoted, some demoted and some unchanged.
func rankShops() []byte {
	var b bytes.Buffer
	b.WriteString("tenants:\n")
	for _, id := range []string{"killed", "twin"} {
		fmt.Fprintf(&b, "  - id: %s\n    name: 暖簾\n    rank_programme: {window_months: 1}\n    ranks:\n", id)
		b.WriteString("      - {id: 1, name: Bronze}\n      - {id: 2, name: Silver, entry: 2000, maintenance: 1000}\n" +
			"      - {id: 3, name: Gold, entry: 5000, maintenance: 4000}\n    members:\n")
		for i := range ranked {
			rank := []string{"", ", rank: Gold", ", rank: Silver", ", rank: Gold, skip_next_check: true"}[i%4]
			fmt.Fprintf(&b, "      - {id: %d, code: M%05d%s}\n", i+1, i+1, rank)
		}
		b.WriteString("    purchases:\n")
		for i := range ranked {
			fmt.Fprintf(&b, "      - {member: M%05d, id: o%d, amount: %d, at: \"2020-01-15T10:00:00+09:00\"}\n", i+1, i+1, i%7*1000)
		}
	}
	return b.Bytes()
}

// TestRankCheckKilled kills a rank check again and again as soon as it has made progress. In the end the members must have
// the same ranks and recorded changes as in a shop whose check was not killed.
func TestRankCheckKilled(t *testing.T) {
	t.Parallel()
	for name, url := range engines {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := &installation{t: t, binary: binary(t), database: url(t), address: freeAddress(t)}
			file := filepath.Join(t.TempDir(), "shop.yaml")
			if err := os.WriteFile(file, rankShops(), 0o600); err != nil {
				t.Fatal(err)
			}
			in.run("apply", "-f", file)
			db := in.open()
			in.run("ranks", "check", "--tenant", "twin", "--at", "2020-02")
			killed := 0
			for killed < min(kills(t), 6) && in.killRankCheck(db) { // after more, it would have finished
				killed++
			}
			if killed == 0 {
				t.Error("the check was finished before it could be killed")
			}
			in.run("ranks", "check", "--tenant", "killed", "--at", "2020-02")
			if killed, twin := outcomes(t, db, "killed"), outcomes(t, db, "twin"); !slices.Equal(killed, twin) {
				t.Errorf("killed:\n%s\ntwin:\n%s", strings.Join(killed, "\n"), strings.Join(twin, "\n"))
			}
			var told [2]string
			for i, shop := range []string{"killed", "twin"} {
				out := in.run("ranks", "check", "--tenant", shop, "--at", "2020-02")
				told[i] = regexp.MustCompile(`[\d,]+ promoted, [\d,]+ demoted, [\d,]+ unchanged`).FindString(string(out))
			}
			if told[0] == "" || told[0] != told[1] {
				t.Errorf("killed: %q, twin: %q", told[0], told[1])
			}
			in.run("verify")
		})
	}
}

// open opens the database while Noren runs.
func (in *installation) open() *sql.DB {
	in.t.Helper()
	driver, source := "pgx", in.database
	if path, ok := strings.CutPrefix(source, "sqlite:"); ok {
		driver, source = "sqlite", path+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		in.t.Fatal(err)
	}
	in.t.Cleanup(func() { db.Close() })
	return db
}

// killRankCheck continues the check and kills it when it has stored another slice. It is false where the check was sooner finished,
// as on a machine that is too busy to look.
func (in *installation) killRankCheck(db *sql.DB) bool {
	in.t.Helper()
	before, _ := reached(in.t, db)
	cmd := in.command("ranks", "check", "--tenant", "killed", "--at", "2020-02")
	if err := cmd.Start(); err != nil {
		in.t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		after, finished := reached(in.t, db)
		if finished {
			_ = cmd.Wait()
			return false
		}
		if after > before {
			break
		}
		if time.Now().After(end) {
			in.t.Error("the check did not get on")
			break
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		in.t.Error(err)
	}
	_ = cmd.Wait() // it was killed
	return true
}

// reached returns how far the check has got.
func reached(t testing.TB, db *sql.DB) (after int64, finished bool) {
	t.Helper()
	err := db.QueryRow(`SELECT after_member, finished_at IS NOT NULL FROM rank_checks
		WHERE tenant_id = (SELECT id FROM tenants WHERE contract = 'killed')`).Scan(&after, &finished)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	return after, finished
}

// outcomes lists the shop's members with their ranks and recorded changes.
func outcomes(t testing.TB, db *sql.DB, contract string) (lines []string) {
	t.Helper()
	rows, err := db.Query(`SELECT m.code, COALESCE(m.rank_id, 0), m.skip_next_check, COALESCE(c.from_rank, 0), COALESCE(c.to_rank, 0),
			COALESCE(c.reason, ''), COALESCE(c.spend, 0)
		FROM members AS m LEFT JOIN rank_changes AS c ON c.tenant_id = m.tenant_id AND c.member_id = m.id
		WHERE m.tenant_id = (SELECT id FROM tenants WHERE contract = '` + contract + `') ORDER BY m.code, c.id`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var code, reason string
		var rank, from, to, spend int64
		var skip bool
		if err := rows.Scan(&code, &rank, &skip, &from, &to, &reason, &spend); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprint(code, " ", rank, skip, " ", from, to, reason, spend))
	}
	if len(lines) < ranked || rows.Err() != nil {
		t.Fatalf("%d members of %s, %v", len(lines), contract, rows.Err())
	}
	return lines
}
