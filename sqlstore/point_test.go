package sqlstore_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/sqlstore"
)

// pointDay is when the points of these tests are moved.
var pointDay = time.Date(2026, time.April, 1, 3, 0, 0, 0, time.UTC)

// pointShop is a tenant that has members, each with an open lot that expires, a used lot, a note and an attachment.
type pointShop struct {
	*sqlstore.DB
	url    string
	tenant noren.TenantID

	mu   sync.Mutex
	sent []string
}

func setupPoints(t *testing.T, url string) *pointShop {
	t.Helper()
	s := &pointShop{url: url}
	s.DB = open(t, sqlstore.Config{URL: url, OnStatement: func(query string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sent = append(s.sent, query)
	}})
	return s
}

// add makes a tenant with n members the shop's.
func (s *pointShop) add(t *testing.T, contract string, n int) {
	t.Helper()
	tenant, _, err := s.EnsureTenant(t.Context(), contract)
	if err != nil {
		t.Fatal(err)
	}
	s.tenant = tenant.ID
	err = s.Update(t.Context(), s.tenant, func(tx noren.Tx) error {
		if err := tx.InsertMembers(t.Context(), pointRows(n, func(id int64) noren.Member {
			return noren.Member{ID: id, Code: fmt.Sprint("M", id), Status: noren.Active, CreatedAt: pointDay, UpdatedAt: pointDay}
		})); err != nil {
			return err
		}
		if err := tx.AddUpload(t.Context(), noren.Upload{FileKey: "a.png", MIMEType: "image/png", CreatedAt: pointDay}); err != nil {
			return err
		}
		if _, err := tx.AddAttachment(t.Context(), noren.Attachment{ID: 1, MemberID: 1, FileKey: "a.png", Tag: noren.PhotoFile}); err != nil {
			return err
		}
		if err := tx.AddNote(t.Context(), noren.Note{ID: 1, MemberID: 1, CreatedAt: pointDay}); err != nil {
			return err
		}
		for counter, used := range map[noren.Counter]int64{
			noren.CounterMember: int64(n), noren.CounterNote: 1, noren.CounterAttachment: 1,
			noren.CounterPointLot: int64(2 * n), noren.CounterPointEntry: int64(3 * n),
		} {
			if err := tx.Raise(t.Context(), counter, used); err != nil {
				return err
			}
		}
		if err := tx.MovePoints(t.Context(), granted(n)); err != nil {
			return err
		}
		return tx.MovePoints(t.Context(), used(n))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// granted is two lots for each of n members, the first of which expires on 2026-03-31, with their entries.
func granted(n int) (m noren.PointMovement) {
	m.Lots = pointRows(2*n, func(id int64) noren.PointLot {
		l := noren.PointLot{
			ID: id, MemberID: (id + 1) / 2, Type: noren.DefaultPoint, GrantedAt: pointDay, Amount: 10, Remaining: 10,
		}
		if id%2 == 1 {
			l.ExpiresOn = new(noren.Date("2026-03-31"))
		}
		return l
	})
	for _, l := range m.Lots {
		m.Entries = append(m.Entries, noren.PointEntry{
			ID: l.ID, MemberID: l.MemberID, Type: l.Type, Kind: noren.PointsGranted, Delta: l.Amount, At: pointDay,
		})
	}
	return m
}

// used is an entry for each of n members that takes all of the second lot.
func used(n int) noren.PointMovement {
	return noren.PointMovement{
		Entries: pointRows(n, func(id int64) noren.PointEntry {
			return noren.PointEntry{
				ID: int64(2*n) + id, MemberID: id, Type: noren.DefaultPoint, Kind: noren.PointsUsed, Delta: -10, At: pointDay,
			}
		}),
		Burns: pointRows(n, func(id int64) noren.PointBurn {
			return noren.PointBurn{EntryID: int64(2*n) + id, LotID: 2 * id, Amount: 10}
		}),
	}
}

// pointRows makes n rows, the first for 1.
func pointRows[T any](n int, row func(id int64) T) []T {
	rows := make([]T, n)
	for i := range rows {
		rows[i] = row(int64(i + 1))
	}
	return rows
}

// pointCalls are the methods that read or write points and files of n members.
func pointCalls(ctx context.Context, n int) map[string]func(noren.Tx) error {
	ids := pointRows(n, func(id int64) int64 { return id })
	codes := pointRows(n, func(id int64) string { return fmt.Sprint("M", id) })
	return map[string]func(noren.Tx) error{
		"LockMembers": func(tx noren.Tx) error {
			_, err := tx.LockMembers(ctx, noren.MemberQuery{IDs: ids, Codes: codes, AliasCodes: codes})
			return err
		},
		"MembersByCode": func(tx noren.Tx) error {
			_, err := tx.MembersByCode(ctx, codes)
			return err
		},
		"Members": func(tx noren.Tx) error {
			_, _, err := tx.Members(ctx, noren.MemberFilter{Codes: codes, AliasCodes: codes})
			return err
		},
		"OpenLots": func(tx noren.Tx) error {
			_, err := tx.OpenLots(ctx, ids, noren.DefaultPoint, true)
			return err
		},
		"ExpiredLots": func(tx noren.Tx) error {
			_, err := tx.ExpiredLots(ctx, "2026-04-01", noren.PointLot{}, n, true)
			return err
		},
		"PointBalances": func(tx noren.Tx) error {
			_, err := tx.PointBalances(ctx, ids, "2026-04-01")
			return err
		},
		"MovePoints": func(tx noren.Tx) error {
			m := granted(n)
			for i := range m.Lots {
				m.Lots[i].ID, m.Entries[i].ID = m.Lots[i].ID+1e6, m.Entries[i].ID+1e6
			}
			m.Burns = pointRows(n, func(id int64) noren.PointBurn {
				return noren.PointBurn{EntryID: 1e6, LotID: 2*id - 1, Amount: 1}
			})
			return tx.MovePoints(ctx, m)
		},
		"Attachments": func(tx noren.Tx) error {
			_, err := tx.Attachments(ctx, ids)
			return err
		},
		"Notes": func(tx noren.Tx) error {
			_, err := tx.Notes(ctx, noren.NoteFilter{MemberID: 1, IDs: ids})
			return err
		},
		"CondemnUploads": func(tx noren.Tx) error {
			_, err := tx.CondemnUploads(ctx, pointDay, n)
			return err
		},
	}
}

// run returns the statements that each call sends for n members.
func (s *pointShop) run(t *testing.T, n int) map[string][]string {
	t.Helper()
	sent := make(map[string][]string)
	for name, call := range pointCalls(t.Context(), n) {
		err := s.Update(t.Context(), s.tenant, func(tx noren.Tx) error {
			s.sent = nil
			err := call(tx)
			sent[name] = slices.Clone(s.sent)
			return err
		})
		if err != nil {
			t.Errorf("%s of %d: %v", name, n, err)
		}
	}
	return sent
}

func TestPointStatementsDoNotGrowWithRows(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		first, s := setupPoints(t, newURL(t)), setupPoints(t, newURL(t))
		first.add(t, "one", 1)
		s.add(t, "two", 2)
		one, two := first.run(t, 1), s.run(t, 2)
		s.add(t, "hundred", 100)
		for name, statements := range s.run(t, 100) {
			if len(statements) == 0 || !slices.Equal(statements, two[name]) {
				t.Errorf("%s sends %q for two rows and %q for a hundred", name, two[name], statements)
			}
			if len(statements) != len(one[name]) { // whose texts may differ: a single value needs no list
				t.Errorf("%s sends %q for one row", name, one[name])
			}
		}
	})
}

// What is asked of points is found by an index, and never by one that grows with what was used up.
func TestPointPlans(t *testing.T) {
	t.Parallel()
	url := sqliteURL(t)
	s := setupPoints(t, url)
	s.add(t, "shop", 10)
	raw := s.raw(t)
	uses := map[string][]string{
		"LockMembers":    {"(tenant_id=? AND code=?)", "(tenant_id=? AND alias_code=?)"},
		"MembersByCode":  {"(tenant_id=? AND code=?)"},
		"Members":        {"(tenant_id=? AND code=?)", "(tenant_id=? AND alias_code=?)"},
		"OpenLots":       {"point_lots_member (tenant_id=? AND member_id=? AND type=?)"},
		"ExpiredLots":    {"point_lots_expiry"},
		"PointBalances":  {"point_lots_member (tenant_id=? AND member_id=?)"},
		"Attachments":    {"member_attachments_member (tenant_id=? AND member_id=?)"},
		"Notes":          {"(tenant_id=? AND member_id=? AND id=?)"},
		"CondemnUploads": {"uploads_unused"},
	}
	sent := s.run(t, 3)
	for name, wanted := range uses {
		for _, statement := range sent[name] {
			plan := strings.Join(explain(t, raw, statement), "\n")
			for line := range strings.Lines(plan) {
				if strings.Contains(line, "autoindex") && strings.HasSuffix(strings.TrimSpace(line), "(tenant_id=?)") {
					t.Errorf("%s reads all that the tenant has:\n%s", name, plan)
				}
			}
			for _, want := range wanted {
				if !strings.Contains(plan, want) {
					t.Errorf("%s does not look up %s:\n%s", name, want, plan)
				}
			}
		}
	}
}

func explain(t *testing.T, db *sql.Conn, statement string) (plan []string) {
	t.Helper()
	args := slices.Repeat([]any{"[1]"}, strings.Count(statement, "?"))
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+statement, args...)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		plan = append(plan, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return plan
}

// raw is a connection on which foreign keys are not enforced, as on a disk that loses writes.
func (s *pointShop) raw(t *testing.T) *sql.Conn {
	t.Helper()
	driver, source := "pgx", s.url
	if path, ok := strings.CutPrefix(s.url, "sqlite:"); ok {
		driver, source = "sqlite", path+"?_pragma=busy_timeout(5000)"
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if driver == "pgx" {
		if _, err := conn.ExecContext(t.Context(), "SET session_replication_role = replica"); err != nil {
			t.Fatal(err)
		}
	}
	return conn
}

// pointDamages are ways to break stored points and files, each with what Verify is to say of it.
func pointDamages() []struct{ name, sql, says string } {
	return []struct{ name, sql, says string }{
		{"delta", `UPDATE point_entries SET delta = 9 WHERE id = 1 AND`, "entries of member 1 add up to 9 points of type DEFAULT, but the lots have 10 left"},
		{"noentries", `DELETE FROM point_entries WHERE member_id = 1 AND`, "add up to 0 points of type DEFAULT, but the lots have 10 left"},
		{"nolots", `DELETE FROM point_lots WHERE member_id = 1 AND`, "add up to 10 points of type DEFAULT, but the lots have 0 left"},
		{"below", `UPDATE point_lots SET remaining = -1 WHERE id = 1 AND`, "lot 1 has -1 points left of 10"},
		{"above", `UPDATE point_lots SET remaining = 11 WHERE id = 1 AND`, "lot 1 has 11 points left of 10"},
		{"noburn", `DELETE FROM point_burns WHERE lot_id = 2 AND`, "lot 2 has lost 10 points, but entries took 0"},
		{"burn", `UPDATE point_burns SET amount = 9 WHERE lot_id = 2 AND`, "of kind used, moved -10 points but took 9"},
		{"lostlot", `DELETE FROM point_lots WHERE id = 2 AND`, "lot 2 has lost 0 points, but entries took 10"},
		{"lostentry", `DELETE FROM point_entries WHERE kind = 'used' AND member_id = 1 AND`, "of kind none, moved 0 points but took 10"},
		{"kind", `UPDATE point_entries SET kind = 'granted' WHERE delta < 0 AND member_id = 1 AND`, "of kind granted, moved -10 points but took 10"},
		{"type", `UPDATE point_lots SET type = 'PAID' WHERE id = 2 AND`, "of member 1 and type DEFAULT, took points from lot 2, of member 1 and type PAID"},
		{"foreignlot", `UPDATE point_lots SET member_id = 2 WHERE id = 2 AND`, "took points from lot 2, of member 2"},
		{"nobody", `UPDATE point_lots SET member_id = 9 WHERE id = 1 AND`, "lot 1 is that of member 9"},
		{"nobodysentry", `UPDATE point_entries SET member_id = 9 WHERE id = 1 AND`, "entry 1 is that of member 9"},
		{"note", `UPDATE member_notes SET member_id = 9 WHERE`, "note 1 is that of member 9"},
		{"attachment", `UPDATE member_attachments SET member_id = 9 WHERE`, "attachment 1 is that of member 9"},
		{"nofile", `DELETE FROM uploads WHERE`, "attachment 1 refers to the file a.png"},
		{"condemned", `UPDATE uploads SET condemned = TRUE WHERE`, "attachment 1 refers to the file a.png"},
		{"count", `UPDATE uploads SET attachments = 0 WHERE`, "attachment count of file a.png is 0, but there are 1"},
		{"notestaff", `UPDATE member_notes SET staff_id = 5 WHERE`, "note 1 names the staff 5"},
		{"entrystaff", `UPDATE point_entries SET staff_id = 5 WHERE id = 1 AND`, "entry 1 names the staff 5"},
		{"lotnumber", `UPDATE counters SET next = 4 WHERE name = 'point_lot' AND`, "next point_lot would get the number 4, but 4"},
		{"entrynumber", `UPDATE counters SET next = 1 WHERE name = 'point_entry' AND`, "next point_entry would get the number 1, but 6"},
		{"notenumber", `DELETE FROM counters WHERE name = 'note' AND`, "next note would get the number 1, but 1"},
		{"attachmentnumber", `DELETE FROM counters WHERE name = 'attachment' AND`, "next attachment would get the number 1, but 1"},
	}
}

// Each kind of damage is done to a tenant of its own; Verify has to find it there, and nothing in the sound one.
func TestVerifyFindsDamagedPointsAndFiles(t *testing.T) {
	t.Parallel()
	onEachEngine(t, func(t *testing.T, newURL func(t *testing.T) string) {
		s := setupPoints(t, newURL(t))
		s.add(t, "sound", 2)
		raw := s.raw(t)
		for _, d := range pointDamages() {
			s.add(t, d.name, 2)
			result, err := raw.ExecContext(t.Context(), fmt.Sprintf("%s tenant_id = %d", d.sql, s.tenant))
			if err != nil {
				t.Fatalf("%s: %v", d.name, err)
			} else if n, _ := result.RowsAffected(); n == 0 {
				t.Fatalf("%s damages nothing", d.name)
			}
		}
		checks, err := s.Verify(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var violations []string
		for _, c := range checks {
			violations = append(violations, c.Violations...)
		}
		for _, d := range pointDamages() {
			if !slices.ContainsFunc(violations, func(v string) bool {
				return strings.HasPrefix(v, "tenant "+d.name+": ") && strings.Contains(v, d.says)
			}) {
				t.Errorf("Verify does not say %q of %s", d.says, d.name)
			}
		}
		for _, v := range violations {
			if strings.HasPrefix(v, "tenant sound: ") {
				t.Error(v)
			}
		}
		if t.Failed() {
			t.Logf("%q", violations)
		}
	})
}
