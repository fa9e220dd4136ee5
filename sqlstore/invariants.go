package sqlstore

import "slices"

// invariants lists what Verify checks with SQL alone. Everything is a plain scan or a join on whole keys.
func invariants() []invariant {
	return slices.Concat(memberInvariants(), stockInvariants(), bulkInvariants(), accessInvariants(),
		pointInvariants(), fileInvariants(), purchaseInvariants(), earningInvariants(), importInvariants(), rankInvariants(), personInvariants())
}

// memberInvariants are about members and what belongs to them. FULL JOIN and IS DISTINCT FROM are read alike by all
// engines; a count that is missing is taken for 0.
func memberInvariants() []invariant {
	return []invariant{{
		name:    "member codes, alias codes and Shopify customer IDs are unique",
		checked: "members",
		// The indexes forbid it too; after a restore they may be missing or damaged.
		violated: `SELECT tenant_id, 'code' AS what, code AS value FROM members GROUP BY tenant_id, code HAVING COUNT(*) > 1
			UNION ALL SELECT tenant_id, 'alias code', alias_code FROM members
				WHERE alias_code IS NOT NULL GROUP BY tenant_id, alias_code HAVING COUNT(*) > 1
			UNION ALL SELECT tenant_id, 'Shopify id', shopify_customer_id FROM members
				WHERE shopify_customer_id IS NOT NULL GROUP BY tenant_id, shopify_customer_id HAVING COUNT(*) > 1`,
		say: "more than one member has the %v %v",
	}, {
		name:    "ranks, staff ranks and stores of members exist",
		checked: "members",
		violated: `SELECT m.tenant_id, m.id, 'rank' AS what, m.rank_id AS missing FROM members AS m
				LEFT JOIN ranks AS r ON r.tenant_id = m.tenant_id AND r.id = m.rank_id
				WHERE m.rank_id IS NOT NULL AND r.id IS NULL
			UNION ALL SELECT m.tenant_id, m.id, 'staff rank', m.staff_rank_id FROM members AS m
				LEFT JOIN staff_ranks AS r ON r.tenant_id = m.tenant_id AND r.id = m.staff_rank_id
				WHERE m.staff_rank_id IS NOT NULL AND r.id IS NULL
			UNION ALL SELECT m.tenant_id, m.id, 'store', m.store_id FROM members AS m
				LEFT JOIN stores AS s ON s.tenant_id = m.tenant_id AND s.id = m.store_id
				WHERE m.store_id IS NOT NULL AND s.id IS NULL`,
		say: "member %v has the %v %v, which does not exist",
	}, {
		name:    "members who left have a leave date, and active members have none",
		checked: "members",
		violated: `SELECT tenant_id, id, status, leave_date FROM members
			WHERE status = 'LEFT' AND leave_date IS NULL OR status = 'ACTIVE' AND leave_date IS NOT NULL`,
		say: "member %v is %v with the leave date %v",
	}, {
		name:    "the stored member count is right",
		checked: "members",
		// The number of this counter is the count itself and not the next one.
		violated: `WITH counted AS (SELECT tenant_id, COUNT(*) AS members FROM members GROUP BY tenant_id),
			kept AS (SELECT tenant_id, next FROM counters WHERE name = 'members_total')
			SELECT COALESCE(counted.tenant_id, kept.tenant_id) AS tenant_id, kept.next, COALESCE(counted.members, 0) AS members
			FROM counted FULL JOIN kept ON kept.tenant_id = counted.tenant_id
			WHERE COALESCE(kept.next, 0) <> COALESCE(counted.members, 0)`,
		say: "the stored member count is %v, but there are %v",
	}, {
		name:    "member changes are numbered without gaps",
		checked: "member_changes",
		// The oldest changes are removed in time, so the first number may be any; from there to the last none may be
		// missing.
		violated: `WITH stored AS (
				SELECT tenant_id, COUNT(*) AS changes, MIN(number) AS first, MAX(number) AS last FROM member_changes GROUP BY tenant_id),
			given AS (SELECT tenant_id, next - 1 AS last FROM counters WHERE name = 'member_change')
			SELECT COALESCE(stored.tenant_id, given.tenant_id) AS tenant_id, COALESCE(stored.changes, 0) AS changes, stored.first,
				stored.last, COALESCE(given.last, 0) AS given
			FROM stored FULL JOIN given ON given.tenant_id = stored.tenant_id
			WHERE stored.last IS DISTINCT FROM given.last OR stored.changes <> stored.last - stored.first + 1`,
		say: "%v changes are stored, from %v to %v, but the last number is %v",
	}, {
		name:    "counters are above every number in use",
		checked: "counters",
		// A counter that is behind would give a number a second time; one that is ahead harms nothing.
		violated: `WITH used AS (
				SELECT tenant_id, 'member' AS name, MAX(id) AS last FROM members GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'movement', MAX(id) FROM stock_movements GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'audit', MAX(id) FROM audit GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'client', MAX(id) FROM clients GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'point_lot', MAX(id) FROM point_lots GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'point_entry', MAX(id) FROM point_entries GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'note', MAX(id) FROM member_notes GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'attachment', MAX(id) FROM member_attachments GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'purchase', MAX(id) FROM purchases GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'rank_change', MAX(id) FROM rank_changes GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'product', MAX(id) FROM products GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'member_change', MAX(number) FROM member_changes GROUP BY tenant_id
				UNION ALL SELECT tenant_id, 'import', MAX(id) FROM imports GROUP BY tenant_id)
			SELECT used.tenant_id, used.name, COALESCE(c.next, 1) AS next, used.last FROM used
			LEFT JOIN counters AS c ON c.tenant_id = used.tenant_id AND c.name = used.name
			WHERE COALESCE(c.next, 1) <= used.last`,
		say: "the next %v would get the number %v, but %v is in use",
	}}
}

// stockInvariants follow from movements being append-only: nothing else changes a level. A level without movements
// is as wrong as movements without a level.
func stockInvariants() []invariant {
	return []invariant{{
		name:    "stock levels are the sum of their movements",
		checked: "stock_levels",
		// Added up together, because SQLite makes a FULL JOIN of two lists by comparing each row with every other.
		violated: `SELECT tenant_id, product, store, MAX(amount) AS amount, CAST(SUM(delta) AS bigint) AS total,
				MAX(amount_after) AS amount_after
			FROM (
				SELECT tenant_id, product_id AS product, store_id AS store, amount, 0 AS delta, CAST(NULL AS bigint) AS amount_after
					FROM stock_levels
				UNION ALL SELECT tenant_id, product_id, store_id, NULL, delta, NULL FROM stock_movements
				UNION ALL SELECT tenant_id, product_id, store_id, NULL, 0, amount_after FROM stock_movements AS m
					WHERE id = (SELECT MAX(l.id) FROM stock_movements AS l WHERE l.tenant_id = m.tenant_id
						AND l.product_id = m.product_id AND l.store_id = m.store_id)) AS levels
			GROUP BY tenant_id, product, store
			HAVING MAX(amount) IS DISTINCT FROM SUM(delta) OR MAX(amount) IS DISTINCT FROM MAX(amount_after)`,
		say: "product %v in store %v has the amount %v, but its movements add up to %v and the last one says %v",
	}, {
		name:     "the day of every stock level matches its time",
		checked:  "stock_levels",
		violated: `SELECT tenant_id, product_id, store_id FROM stock_levels WHERE updated_day <> updated_at / 86400000000`,
		say:      "the level of product %v in store %v has another day than its time",
	}, {
		name:    "products and stores of stock movements exist",
		checked: "stock_movements",
		violated: `SELECT m.tenant_id, m.id, m.product_id, m.store_id FROM stock_movements AS m
			LEFT JOIN products AS p ON p.tenant_id = m.tenant_id AND p.id = m.product_id
			LEFT JOIN stores AS s ON s.tenant_id = m.tenant_id AND s.id = m.store_id
			WHERE p.id IS NULL OR s.id IS NULL`,
		say: "movement %v names product %v and store %v, of which one does not exist",
	}}
}

// bulkInvariants are what makes a bulk request take effect exactly once, and its result be told at least once.
func bulkInvariants() []invariant {
	return []invariant{{
		name:    "every finished bulk request has one callback, and no waiting one has any",
		checked: "bulk_requests",
		// A FULL JOIN on whole keys finds both: requests without their callback, and callbacks without their request.
		violated: `SELECT COALESCE(r.tenant_id, c.tenant_id) AS tenant_id, COALESCE(r.id, c.request_id) AS id, r.state,
				CASE WHEN c.request_id IS NULL THEN 'no callback' ELSE 'a callback' END AS callback
			FROM bulk_requests AS r FULL JOIN callbacks AS c ON c.tenant_id = r.tenant_id AND c.request_id = r.id
			WHERE r.state IS NULL OR r.state NOT IN ('accepted', 'succeeded', 'failed')
				OR (r.state = 'accepted') = (c.request_id IS NOT NULL)`,
		say: "bulk request %v has the state %v and %v",
	}, {
		name:    "bulk requests are numbered without gaps",
		checked: "bulk_requests",
		violated: `WITH stored AS (
				SELECT tenant_id, COUNT(*) AS requests, MIN(id) AS first, MAX(id) AS last FROM bulk_requests GROUP BY tenant_id),
			given AS (SELECT b.tenant_id, b.next - 1 AS last, COALESCE(s.next, 1) AS first FROM counters AS b
				LEFT JOIN counters AS s ON s.tenant_id = b.tenant_id AND s.name = 'bulk_swept' WHERE b.name = 'bulk')
			SELECT COALESCE(stored.tenant_id, given.tenant_id) AS tenant_id, COALESCE(given.last, 0) AS given,
				COALESCE(stored.requests, 0) AS requests, stored.first, stored.last
			FROM stored FULL JOIN given ON given.tenant_id = stored.tenant_id
			WHERE COALESCE(given.last - given.first + 1, 0) <> COALESCE(stored.requests, 0)
				OR COALESCE(given.last, 0) <> COALESCE(stored.last, 0) OR stored.first <> COALESCE(given.first, 1)`,
		say: "%v numbers were given to bulk requests, but %v requests are stored, from %v to %v",
	}, {
		name:    "every callback has all its attempts, and a successful one if delivered",
		checked: "callbacks",
		// Attempts are numbered from 1 without gaps, so their count, the last number and what the callback says are the
		// same.
		violated: `SELECT tenant_id, request, MAX(state) AS state, MAX(attempts) AS attempts, SUM(made) AS stored,
				SUM(success) AS successes
			FROM (
				SELECT tenant_id, request_id AS request, state, attempts, 0 AS made, 0 AS number, 0 AS success FROM callbacks
				UNION ALL SELECT tenant_id, request_id, NULL, NULL, 1, number, CASE WHEN status BETWEEN 200 AND 299 THEN 1 ELSE 0 END
					FROM callback_attempts) AS deliveries
			GROUP BY tenant_id, request
			HAVING MAX(attempts) IS NULL OR MAX(attempts) <> SUM(made) OR MAX(attempts) <> MAX(number)
				OR MAX(state) = 'delivered' AND SUM(success) = 0`,
		say: "the callback of bulk request %v has the state %v after %v attempts, but %v are stored, %v of them successful",
	}, {
		name:    "the URL of a callback that has ended is that of its request, without people who were erased",
		checked: "callbacks",
		// One that is still to be sent keeps the whole URL until then.
		violated: `SELECT c.tenant_id, c.request_id, c.state FROM callbacks AS c
			JOIN bulk_requests AS r ON r.tenant_id = c.tenant_id AND r.id = c.request_id
			WHERE c.state <> 'pending' AND c.url <> r.callback_url`,
		say: "the callback of bulk request %v, which is %v, has another URL than its request",
	}}
}

// accessInvariants tie the look-ups across tenants to the tenants' own clients. The two are not where the same tenant's rows are, so
// that they are put together and not joined.
func accessInvariants() []invariant {
	return []invariant{{
		name:    "access tokens belong to clients",
		checked: "(SELECT hash FROM access_tokens UNION ALL SELECT hash FROM tenant_tokens) AS tokens",
		violated: `SELECT tenant_id, client FROM (
				SELECT tenant_id, client_id AS client, 1 AS tokens, 0 AS clients FROM access_tokens
				UNION ALL SELECT tenant_id, client_id, 1, 0 FROM tenant_tokens
				UNION ALL SELECT tenant_id, id, 0, 1 FROM clients) AS credentials
			GROUP BY tenant_id, client HAVING SUM(tokens) > 0 AND SUM(clients) = 0`,
		say: "an access token is that of client %v, which does not exist",
	}, {
		name:    "every client that is not revoked is found by its key",
		checked: "clients",
		// A client of only an access token has an empty key and is found by none; a revoked one is found by none
		// either.
		violated: `SELECT tenant_id, client, MAX(own) AS own, MAX(found_by) AS found_by FROM (
				SELECT tenant_id, id AS client, dialect, key AS own, CASE WHEN revoked_at IS NULL AND key <> '' THEN key END AS valid,
					CAST(NULL AS text) AS found_by FROM clients
				UNION ALL SELECT tenant_id, client_id, dialect, NULL, NULL, key FROM client_keys) AS credentials
			GROUP BY tenant_id, client, dialect
			HAVING MAX(valid) IS DISTINCT FROM MAX(found_by) OR COUNT(found_by) > 1`,
		say: "client %v has the key %v and is found by %v",
	}}
}
