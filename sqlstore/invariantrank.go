package sqlstore

// rankInvariants tie the ranks of members to what is told of them. Checks are named by their instant as it is stored, in
// microseconds of Unix time.
func rankInvariants() []invariant {
	return []invariant{{
		name:    "minimum ranks of members exist",
		checked: "members",
		violated: `SELECT m.tenant_id, m.id, m.minimum_rank_id FROM members AS m
			LEFT JOIN ranks AS r ON r.tenant_id = m.tenant_id AND r.id = m.minimum_rank_id
			WHERE m.minimum_rank_id IS NOT NULL AND r.id IS NULL`,
		say: "member %v has the minimum rank %v, which does not exist",
	}, {
		name:    "rank changes belong to members",
		checked: "rank_changes",
		violated: `SELECT c.tenant_id, c.id, c.member_id FROM rank_changes AS c
			LEFT JOIN members AS m ON m.tenant_id = c.tenant_id AND m.id = c.member_id WHERE m.id IS NULL`,
		say: "change of rank %v is that of member %v, who does not exist",
	}, {
		name:    "every rank change of a member begins where the one before ended",
		checked: "rank_changes",
		// IS DISTINCT FROM, because NULL is the rank of a member who has none.
		violated: `SELECT tenant_id, id, member_id, from_rank, before FROM (
				SELECT tenant_id, id, member_id, from_rank,
					LAG(to_rank) OVER (PARTITION BY tenant_id, member_id ORDER BY id ASC) AS before,
					ROW_NUMBER() OVER (PARTITION BY tenant_id, member_id ORDER BY id ASC) AS number
				FROM rank_changes) AS changes
			WHERE number > 1 AND from_rank IS DISTINCT FROM before`,
		say: "change of rank %v of member %v is from %v, but the one before was to %v",
	}, {
		// How a member came by the first rank is not told, so only those are looked at whose rank was changed.
		name:    "members have the rank of their last rank change",
		checked: "rank_changes",
		violated: `SELECT c.tenant_id, c.member_id, m.rank_id, c.to_rank FROM rank_changes AS c
			JOIN members AS m ON m.tenant_id = c.tenant_id AND m.id = c.member_id
			WHERE c.id = (SELECT MAX(l.id) FROM rank_changes AS l WHERE l.tenant_id = c.tenant_id AND l.member_id = c.member_id)
				AND m.rank_id IS DISTINCT FROM c.to_rank`,
		say: "member %v has the rank %v, but the last rank change is to %v",
	}, {
		name:    "no rank check changed a member twice",
		checked: "rank_changes",
		violated: `SELECT tenant_id, check_at, member_id, COUNT(*) AS changes FROM rank_changes
			WHERE check_at IS NOT NULL GROUP BY tenant_id, check_at, member_id HAVING COUNT(*) > 1`,
		say: "the check at %v changed member %v %v times",
	}, {
		name:    "the counts of every rank check match its rank changes",
		checked: "rank_checks",
		// Checks and changes are added up together, by the instant of the check. Other than one check at an instant
		// means that changes name a check that is not stored.
		violated: `SELECT tenant_id, at, CAST(SUM(risen) AS bigint) AS risen, CAST(SUM(rises) AS bigint) AS rises,
				CAST(SUM(fallen) AS bigint) AS fallen, CAST(SUM(falls) AS bigint) AS falls, CAST(SUM(others) AS bigint) AS others
			FROM (
				SELECT tenant_id, at, risen, fallen, 1 AS checks, 0 AS rises, 0 AS falls, 0 AS others FROM rank_checks
				UNION ALL SELECT tenant_id, check_at, 0, 0, 0, CASE WHEN reason = 'entry_met' THEN 1 ELSE 0 END,
					CASE WHEN reason = 'maintenance_missed' THEN 1 ELSE 0 END,
					CASE WHEN reason IN ('entry_met', 'maintenance_missed') THEN 0 ELSE 1 END
					FROM rank_changes WHERE check_at IS NOT NULL) AS moves
			GROUP BY tenant_id, at
			HAVING SUM(risen) <> SUM(rises) OR SUM(fallen) <> SUM(falls) OR SUM(others) > 0 OR SUM(checks) <> 1`,
		say: "the check at %v counted %v promotions and %[4]v demotions, but %[3]v promotions, %[5]v demotions and %[6]v others are stored",
	}, {
		name:    "every rank check is finished before the next begins",
		checked: "rank_checks",
		violated: `SELECT c.tenant_id, c.at FROM rank_checks AS c WHERE c.finished_at IS NULL
			AND EXISTS (SELECT 1 FROM rank_checks AS l WHERE l.tenant_id = c.tenant_id AND l.at > c.at)`,
		say: "the check at %v is not finished, although a later one was begun",
	}}
}
