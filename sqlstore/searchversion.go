package sqlstore

import (
	"context"
	"database/sql"

	"noren"
	"noren/search"
)

// madeAtOnce is how many members' part of the search index one transaction makes anew.
const madeAtOnce = 1000

// remakeSearch makes the search index anew where another version of package search has made it, slice by slice, so that
// whoever is interrupted goes on from there. Members are found by what the index had until it has something else. Several
// processes that open the database at once share the work: each slice takes the row that says how far it is.
func (db *DB) remakeSearch(ctx context.Context, progress func(members int)) error {
	var version int64
	var made int
	err := db.read(ctx, func(t *tx) error {
		return t.queryRow(ctx, "SELECT version FROM search_version WHERE id = 1").Scan(&version)
	})
	for err == nil && version != search.Version {
		var slice int
		err = db.update(ctx, 0, func(t *tx) (err error) {
			version, slice, err = t.remakeSlice(ctx)
			return err
		})
		if made += slice; progress != nil && err == nil {
			progress(made)
		}
	}
	return doing("making the search index anew", err)
}

// remakeSlice makes the search index of the next members anew, all of one tenant, and answers the version of the whole
// and how many members it did.
func (t *tx) remakeSlice(ctx context.Context) (version int64, made int, err error) {
	var making, tenant, member int64
	err = t.queryRow(ctx, "SELECT version, making, tenant_id, member_id FROM search_version WHERE id = 1"+t.db.flavor.forUpdate()).
		Scan(&version, &making, &tenant, &member)
	if err != nil || version == search.Version {
		return version, 0, err
	}
	if making != search.Version {
		tenant, member = 0, 0 // what another version has begun is of no use
	}
	slice, err := t.searchSlice(ctx, tenant, member)
	if err != nil {
		return version, 0, err
	}
	if len(slice) == 0 {
		_, err = t.exec(ctx, "UPDATE search_version SET version = ?, making = ? WHERE id = 1", search.Version, search.Version)
		return search.Version, 0, err
	}
	t.tenant = slice[0].tenant
	rows := searchRows{anew: true}
	for i := range slice {
		rows.add(t, slice[i].ID, slice[i].before, haystack(&slice[i].Member))
	}
	if err := t.writeSearch(ctx, rows, false); err != nil {
		return version, 0, err
	}
	_, err = t.exec(ctx, "UPDATE search_version SET making = ?, tenant_id = ?, member_id = ? WHERE id = 1",
		search.Version, t.tenant, slice[len(slice)-1].ID)
	return version, len(slice), err
}

// searched is a member with the haystack that is stored of it.
type searched struct {
	noren.Member
	tenant noren.TenantID
	before string
}

// searchSlice answers the members that follow, and locks them: what they say may not change before it is written. The
// haystack is selected as a value, because what a join may not find cannot be locked.
func (t *tx) searchSlice(ctx context.Context, tenant, member int64) ([]searched, error) {
	var of noren.TenantID
	var before string
	scan := memberScanner(&of, &before)
	rows, err := t.query(ctx, "SELECT "+memberSelect+`, tenant_id, COALESCE((SELECT s.haystack FROM member_search AS s
			WHERE s.tenant_id = members.tenant_id AND s.member_id = members.id), '')
		FROM members WHERE (tenant_id, id) > (?, ?)
			AND tenant_id = (SELECT MIN(m.tenant_id) FROM members AS m WHERE (m.tenant_id, m.id) > (?, ?))
		ORDER BY tenant_id ASC, id ASC LIMIT ?`+t.db.flavor.forUpdate(), tenant, member, tenant, member, madeAtOnce)
	return collect(rows, err, func(rows *sql.Rows) (searched, error) {
		m, err := scan(rows)
		return searched{m, of, before}, err
	})
}
