package sqlstore

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"noren"
)

// checked is the condition on a member of noren.Status.Checked.
const checked = "status NOT IN ('LEFT', 'MERGED')"

// RankStandings implements noren.RankCheckTx. The months of the slice's members lie side by side in the key of their spend.
func (t *tx) RankStandings(ctx context.Context, after int64, limit int, from, until noren.Month) ([]noren.RankStanding, error) {
	// A sub-select and not a join with the sums: members who spent nothing are judged too, and the limit counts
	// members.
	rows, err := t.query(ctx, `SELECT m.id, m.code, m.rank_id, m.minimum_rank_id, m.skip_next_check,
			CAST(COALESCE((SELECT SUM(s.amount) FROM member_spend AS s WHERE s.tenant_id = ? AND s.member_id = m.id
				AND s.month >= ? AND s.month < ?), 0) AS bigint)
		FROM members AS m WHERE m.tenant_id = ? AND m.id > ? AND m.`+checked+`
		ORDER BY m.id ASC LIMIT ?`, t.tenant, from, until, t.tenant, after, limit)
	list, err := collect(rows, err, func(row scannable) (s noren.RankStanding, err error) {
		err = row.Scan(&s.MemberID, &s.Code, &s.Rank, &s.Minimum, &s.SkipNext, &s.Spend)
		return s, err
	})
	return list, doing("read the standings of members", err)
}

// RankCounts implements noren.RankTx.
func (t *tx) RankCounts(ctx context.Context) (map[int64]int, error) {
	counts := make(map[int64]int)
	// All of it is in the index members_rank.
	rows, err := t.query(ctx, "SELECT COALESCE(rank_id, 0), COUNT(*) FROM members WHERE tenant_id = ? AND "+checked+
		" GROUP BY rank_id", t.tenant)
	_, err = collect(rows, err, func(row scannable) (rank int64, err error) {
		var n int
		err = row.Scan(&rank, &n)
		counts[rank] = n
		return rank, err
	})
	return counts, doing("count members by rank", err)
}

// AddRankChanges implements noren.RankTx. Changes with numbers of their own take none, and need not wait for the end.
func (t *tx) AddRankChanges(ctx context.Context, changes []noren.RankChange) error {
	if len(changes) > 0 && changes[0].ID != 0 {
		return t.writeRankChanges(ctx, changes)
	}
	// Numbers come from a counter whose row stays locked until the commit, so they are taken at the end (tx.end).
	t.ranks = append(t.ranks, changes...)
	return nil
}

func (t *tx) writeRankChanges(ctx context.Context, changes []noren.RankChange) error {
	return t.insertNumbered(ctx, deferred{doing: "add changes of ranks"}, "rank_changes", noren.CounterRankChange, []column{
		{"id", kindInt, valuesOf(changes, func(c *noren.RankChange) any { return c.ID })},
		{"member_id", kindInt, valuesOf(changes, func(c *noren.RankChange) any { return c.MemberID })},
		{"at", kindInt, valuesOf(changes, func(c *noren.RankChange) any { return micros(c.At) })},
		{"from_rank", kindInt, valuesOf(changes, func(c *noren.RankChange) any { return c.From })},
		{"to_rank", kindInt, valuesOf(changes, func(c *noren.RankChange) any { return c.To })},
		{"reason", kindText, valuesOf(changes, func(c *noren.RankChange) any { return string(c.Reason) })},
		{"check_at", kindInt, valuesOf(changes, func(c *noren.RankChange) any { return nullMicros(c.CheckAt) })},
		{"spend", kindInt, valuesOf(changes, func(c *noren.RankChange) any { return c.Spend })},
		{"client_id", kindInt, valuesOf(changes, func(c *noren.RankChange) any { return c.By.ClientID })},
		{"login", kindText, valuesOf(changes, func(c *noren.RankChange) any { return orNull(c.By.Login) })},
		{"dialect", kindText, valuesOf(changes, func(c *noren.RankChange) any { return c.By.Dialect })},
		{"request_id", kindText, valuesOf(changes, func(c *noren.RankChange) any { return c.By.RequestID })},
	})
}

// RankChanges implements noren.RankTx.
func (t *tx) RankChanges(ctx context.Context, f noren.RankChangeFilter) ([]noren.RankChange, int, error) {
	w := t.where()
	equal(w, "member_id", f.MemberID)
	if f.CheckAt != nil {
		w.and("check_at = ?", micros(*f.CheckAt))
	}
	return listing[noren.RankChange]{
		table: "rank_changes", key: []string{"id"}, sortable: map[string]string{"id": "id"},
		columns: "id, member_id, at, from_rank, to_rank, reason, check_at, spend, client_id, COALESCE(login, ''), dialect, request_id",
		scan: func(row scannable) (c noren.RankChange, err error) {
			var at int64
			var checkAt sql.NullInt64
			err = row.Scan(&c.ID, &c.MemberID, &at, &c.From, &c.To, &c.Reason, &checkAt, &c.Spend,
				&c.By.ClientID, &c.By.Login, &c.By.Dialect, &c.By.RequestID)
			c.At, c.CheckAt = fromMicros(at), fromNullMicros(checkAt)
			return c, err
		},
	}.page(ctx, t, w, []noren.Sort{{Column: "id", Desc: true}}, f.Page)
}

const rankCheckColumns = "at, from_month, until_month, rules, after_member, started_at, finished_at, risen, fallen, stayed"

func scanRankCheck(row scannable) (c noren.RankCheck, err error) {
	var at, startedAt int64
	var finishedAt sql.NullInt64
	var rules []byte
	err = row.Scan(&at, &c.From, &c.Until, &rules, &c.After, &startedAt, &finishedAt, &c.Risen, &c.Fallen, &c.Stayed)
	if err != nil {
		return c, err
	}
	c.At, c.StartedAt, c.FinishedAt = fromMicros(at), fromMicros(startedAt), fromNullMicros(finishedAt)
	// As they were when the check was begun; the tenant's may have changed since.
	return c, json.Unmarshal(rules, &c.Rules)
}

// BeginRankCheck implements noren.RankCheckTx.
func (t *tx) BeginRankCheck(ctx context.Context, c noren.RankCheck) error {
	rules, err := json.Marshal(c.Rules)
	if err != nil {
		return doing("write the rules of a check of ranks", err)
	}
	// Several servers may begin the same check at once. Whoever comes second goes on with what the first has stored.
	_, err = t.exec(ctx, "INSERT INTO rank_checks (tenant_id, "+rankCheckColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`, t.tenant, micros(c.At), c.From, c.Until, string(rules), c.After,
		micros(c.StartedAt), nullMicros(c.FinishedAt), c.Risen, c.Fallen, c.Stayed)
	return doing("begin a check of ranks", err)
}

// RankCheckAt implements noren.RankCheckTx.
func (t *tx) RankCheckAt(ctx context.Context, at time.Time, forUpdate bool) (*noren.RankCheck, error) {
	query := "SELECT " + rankCheckColumns + " FROM rank_checks WHERE tenant_id = ? AND at = ?"
	if forUpdate {
		query += t.db.flavor.forUpdate()
	}
	if forUpdate {
		// The row of the check is its lock: one server at a time judges the next slice of members.
		t.takes(lockWork, "checks of ranks")
	}
	c, err := scanRankCheck(t.queryRow(ctx, query, t.tenant, micros(at)))
	if errors.Is(err, sql.ErrNoRows) {
		return nil, &noren.Error{Kind: noren.NotFound, Field: "rank check", Message: "no check of ranks was begun at this time"}
	}
	return &c, doing("read a check of ranks", err)
}

// PutRankCheck implements noren.RankCheckTx.
func (t *tx) PutRankCheck(ctx context.Context, c noren.RankCheck) error {
	// Months and rules are not among the columns: a check is finished by the rules with which it was begun.
	_, err := t.exec(ctx, `UPDATE rank_checks SET after_member = ?, finished_at = ?, risen = ?, fallen = ?, stayed = ?
		WHERE tenant_id = ? AND at = ?`, c.After, nullMicros(c.FinishedAt), c.Risen, c.Fallen, c.Stayed, t.tenant, micros(c.At))
	return doing("write how far a check of ranks is", err)
}

// DetachRankChanges implements noren.RankCheckTx.
func (t *tx) DetachRankChanges(ctx context.Context, ids []int64) error {
	f := t.db.flavor
	_, err := t.exec(ctx, "UPDATE rank_changes SET check_at = NULL WHERE tenant_id = ? AND "+f.in("id"), t.tenant, f.list(ids))
	return doing("detach changes of ranks", err)
}

// RemoveRankCheck implements noren.RankCheckTx.
func (t *tx) RemoveRankCheck(ctx context.Context, at time.Time) error {
	_, err := t.exec(ctx, "DELETE FROM rank_checks WHERE tenant_id = ? AND at = ?", t.tenant, micros(at))
	return doing("remove a check of ranks", err)
}

// RankChecks implements noren.RankCheckTx.
func (t *tx) RankChecks(ctx context.Context, p noren.Page) ([]noren.RankCheck, int, error) {
	return listing[noren.RankCheck]{
		table: "rank_checks", columns: rankCheckColumns, key: []string{"at"}, sortable: map[string]string{"at": "at"},
		scan: scanRankCheck,
	}.page(ctx, t, t.where(), []noren.Sort{{Column: "at", Desc: true}}, p)
}
