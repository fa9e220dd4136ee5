package sqlstore

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"noren"
	"noren/pgtest"
)

// changesOf returns n members as stored, and changes that each touches other columns of.
func changesOf(n int) (members []noren.Member, changes []noren.MemberChange) {
	for i := range n {
		m := named(int64(i+1), "暖簾")
		after := m
		after.UpdatedAt = m.UpdatedAt.Add(time.Minute)
		switch i % 3 {
		case 0:
			after.Note = new("memo")
		case 1:
			after.Code, after.MailOptIn = fmt.Sprint("new ", i), true
		case 2:
			after.Company, after.AliasCode = new("商店"), new(fmt.Sprint("alias ", i))
		}
		members, changes = append(members, m), append(changes, noren.MemberChange{Before: m, After: after})
	}
	return members, changes
}

// The cost of a call in statements does not grow with its rows.
func TestMemberStatementsAreFixed(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		sent := func(of noren.TenantID, n int) (inserting, updating int64) {
			members, changes := changesOf(n)
			if err := b.update(t.Context(), of, func(tx *tx) error {
				start := b.statements.Load()
				err := tx.InsertMembers(t.Context(), members)
				inserting = b.statements.Load() - start
				err2 := tx.UpdateMembers(t.Context(), changes)
				updating = b.statements.Load() - start - inserting
				return errors.Join(err, err2)
			}); err != nil {
				t.Fatal(err)
			}
			return inserting, updating
		}
		// Three rows change the same columns as three hundred; alias codes are looked up where members have one.
		inserting, updating := sent(1, 3)
		if i, u := sent(2, 300); i != inserting || u != updating {
			t.Errorf("300 rows: %d and %d statements, 3 rows: %d and %d", i, u, inserting, updating)
		}
	})
}

// What is written is the union of the columns that differ, in a text that is the same next time.
func TestUpdateWritesOnlyWhatDiffers(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var updates []string
	db, err := Open(t.Context(), Config{URL: "sqlite:" + t.TempDir() + "/noren.db", OnStatement: func(query string) {
		if strings.HasPrefix(query, "UPDATE members") {
			mu.Lock()
			defer mu.Unlock()
			updates = append(updates, query)
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	members, changes := changesOf(1)
	if err := db.update(t.Context(), tenant, func(tx *tx) error {
		return errors.Join(tx.InsertMembers(t.Context(), members), tx.UpdateMembers(t.Context(), changes))
	}); err != nil {
		t.Fatal(err)
	}
	const want = "UPDATE members AS t SET note = ?, updated_at = ? WHERE t.id = ? AND t.tenant_id = ?"
	if len(updates) != 1 || updates[0] != want {
		t.Errorf("a change of the note sends %q, want %q", updates, want)
	}
}

func TestUpdateOfMissingMemberIsNotFound(t *testing.T) {
	t.Parallel()
	b := setupSQLite(t)
	members, changes := changesOf(3)
	err := b.update(t.Context(), tenant, func(tx *tx) error {
		return errors.Join(tx.InsertMembers(t.Context(), members[:2]), tx.UpdateMembers(t.Context(), changes))
	})
	if noren.KindOf(err) != noren.NotFound {
		t.Errorf("got %v, want NotFound", err)
	}
}

// A code that one member gives up while another takes it is refused on every engine, whatever the order of rows.
func TestSwappedCodesAreAConflict(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, b *bundle) {
		first, second := named(1, "一"), named(2, "二")
		write(t, b, func(tx *tx) error { return tx.InsertMembers(t.Context(), []noren.Member{first, second}) })
		firstAfter, secondAfter := first, second
		firstAfter.Code, secondAfter.Code = second.Code, first.Code
		err := b.update(t.Context(), tenant, func(tx *tx) error {
			return tx.UpdateMembers(t.Context(), []noren.MemberChange{{Before: first, After: firstAfter}, {Before: second, After: secondAfter}})
		})
		if e, ok := errors.AsType[*noren.Error](err); !ok || e.Kind != noren.Conflict || e.Row != 1 || e.Field != "code" {
			t.Errorf("got %v, want a Conflict in row 1", err)
		}
	})
}

// Two transactions take the same code at the same time: neither saw the other when it looked. The one that comes
// second runs again and learns who has it.
func TestLostRaceNamesTheRow(t *testing.T) {
	t.Parallel()
	bothLooked := make(chan struct{})
	var mu sync.Mutex
	inserts := 0
	db, err := Open(t.Context(), Config{URL: pgtest.Database(t), OnStatement: func(query string) {
		if strings.HasPrefix(query, "INSERT INTO members ") {
			mu.Lock()
			defer mu.Unlock()
			if inserts++; inserts == 2 {
				close(bothLooked)
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	insert := func(id int64, code string) error {
		m := named(id, "暖簾")
		m.Code = code
		return db.update(t.Context(), tenant, func(tx *tx) error {
			err := tx.InsertMembers(t.Context(), []noren.Member{m})
			if err == nil {
				<-bothLooked
			}
			return err
		})
	}
	answers := make(chan error, 2)
	go func() { answers <- insert(1, "same") }()
	go func() { answers <- insert(2, "same") }()
	err = errors.Join(<-answers, <-answers) // one of them is nil
	e, ok := errors.AsType[*noren.Error](err)
	if !ok || e.Kind != noren.Conflict || e.Row != 1 || e.Field != "code" || e.Value != "same" {
		t.Errorf("got %v, want a Conflict in row 1, field code", err)
	}
}
