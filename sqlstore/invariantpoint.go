package sqlstore

// pointInvariants compares two tables by adding both up together: what a FULL JOIN would say too, but SQLite joins fully
// by comparing each row with every other.
func pointInvariants() []invariant {
	return []invariant{{
		name:    "point entries add up to the remaining points of the lots",
		checked: "point_entries",
		violated: `SELECT tenant_id, member_id, type, CAST(SUM(moved) AS bigint) AS moved, CAST(SUM(held) AS bigint) AS held FROM (
				SELECT tenant_id, member_id, type, delta AS moved, 0 AS held FROM point_entries
				UNION ALL SELECT tenant_id, member_id, type, 0, remaining FROM point_lots) AS points
			GROUP BY tenant_id, member_id, type HAVING SUM(moved) <> SUM(held)`,
		say: "the entries of member %v add up to %[3]v points of type %[2]v, but the lots have %[4]v left",
	}, {
		name:    "every point lot has between 0 and its granted points left",
		checked: "point_lots",
		violated: `SELECT tenant_id, id, remaining, amount FROM point_lots
			WHERE remaining < 0 OR remaining > amount OR amount < 1`,
		say: "lot %v has %v points left of %v",
	}, {
		name:    "what a point lot has lost was taken by entries",
		checked: "point_lots",
		violated: `SELECT tenant_id, lot, CAST(SUM(lost) AS bigint) AS lost, CAST(SUM(burnt) AS bigint) AS burnt FROM (
				SELECT tenant_id, id AS lot, amount - remaining AS lost, 0 AS burnt FROM point_lots
				UNION ALL SELECT tenant_id, lot_id, 0, amount FROM point_burns) AS points
			GROUP BY tenant_id, lot HAVING SUM(lost) <> SUM(burnt)`,
		say: "lot %v has lost %v points, but entries took %v",
	}, {
		name:    "entries that take points take as many from lots, reversals give back as many, and grants take none",
		checked: "point_entries",
		// Burns have no kind here, so MAX finds that of the entry, or NULL where there is none.
		violated: `SELECT tenant_id, entry, MAX(kind) AS kind, CAST(SUM(delta) AS bigint) AS delta, CAST(SUM(burnt) AS bigint) AS burnt
			FROM (
				SELECT tenant_id, id AS entry, kind, delta, 0 AS burnt FROM point_entries
				UNION ALL SELECT tenant_id, entry_id, NULL, 0, amount FROM point_burns) AS points
			GROUP BY tenant_id, entry HAVING MAX(kind) IS NULL OR NOT CASE
				WHEN MAX(kind) = 'granted' THEN SUM(delta) > 0 AND SUM(burnt) = 0
				WHEN MAX(kind) IN ('used', 'expired', 'returned') THEN SUM(delta) < 0 AND SUM(burnt) = -SUM(delta)
				WHEN MAX(kind) = 'reversed' THEN SUM(delta) <> 0 AND SUM(burnt) = -SUM(delta)
				ELSE FALSE END`,
		say: "entry %v, of kind %v, moved %v points but took %v from lots",
	}, {
		name:    "entries take points from lots of the same member and type",
		checked: "point_burns",
		// Burns whose entry or lot is missing are found by the two rules before, so an inner join is enough here.
		violated: `SELECT b.tenant_id, b.entry_id, e.member_id, e.type, b.lot_id, l.member_id AS lot_member, l.type AS lot_type
			FROM point_burns AS b
			JOIN point_entries AS e ON e.tenant_id = b.tenant_id AND e.id = b.entry_id
			JOIN point_lots AS l ON l.tenant_id = b.tenant_id AND l.id = b.lot_id
			WHERE b.amount = 0 OR b.amount < 0 AND e.reverses IS NULL OR e.member_id <> l.member_id OR e.type <> l.type`,
		say: "entry %v, of member %v and type %v, took points from lot %v, of member %v and type %v",
	}, {
		name:    "reversals undo another entry of the same member and type, once, and no more of it than there was",
		checked: "point_entries",
		violated: `SELECT r.tenant_id, r.id, r.kind, r.delta, r.reverses, e.kind AS was, e.delta AS moved FROM point_entries AS r
			LEFT JOIN point_entries AS e ON e.tenant_id = r.tenant_id AND e.id = r.reverses
			WHERE (r.kind = 'reversed') <> (r.reverses IS NOT NULL)
				OR r.reverses IS NOT NULL AND (e.id IS NULL OR e.member_id <> r.member_id OR e.type <> r.type OR e.purchase_id IS NOT NULL
					OR NOT (e.kind = 'granted' AND r.delta < 0 AND r.delta >= -e.delta OR e.kind = 'used' AND r.delta > 0 AND r.delta <= -e.delta))
			UNION ALL SELECT tenant_id, MAX(id), 'reversed', COUNT(*), reverses, 'reversed twice', 0 FROM point_entries
				WHERE reverses IS NOT NULL GROUP BY tenant_id, reverses HAVING COUNT(*) > 1`,
		say: "entry %v, of kind %v, moved %v points to reverse entry %v, of kind %v, which moved %v",
	}, {
		name:    "lots of points are those of the entries that granted them",
		checked: "point_lots",
		violated: `SELECT l.tenant_id, l.id, l.member_id, l.type, l.amount, l.entry_id FROM point_lots AS l
			LEFT JOIN point_entries AS e ON e.tenant_id = l.tenant_id AND e.id = l.entry_id
			WHERE l.entry_id IS NOT NULL AND (e.id IS NULL OR e.kind <> 'granted' OR e.member_id <> l.member_id
				OR e.type <> l.type OR e.delta <> l.amount)`,
		say: "lot %v, of member %v, type %v and %v points, is not what entry %v granted",
	}, {
		name:    "point entries and lots belong to members",
		checked: "point_entries",
		// PostgreSQL has no foreign key for this: it would lock the member with each entry that is added (ADR 17).
		violated: `SELECT e.tenant_id, e.id, 'entry' AS what, e.member_id FROM point_entries AS e
				LEFT JOIN members AS m ON m.tenant_id = e.tenant_id AND m.id = e.member_id WHERE m.id IS NULL
			UNION ALL SELECT l.tenant_id, l.id, 'lot', l.member_id FROM point_lots AS l
				LEFT JOIN members AS m ON m.tenant_id = l.tenant_id AND m.id = l.member_id WHERE m.id IS NULL`,
		say: "%[2]v %[1]v is that of member %[3]v, who does not exist",
	}}
}

func fileInvariants() []invariant {
	return []invariant{{
		name:    "notes and attachments belong to members",
		checked: "member_notes",
		violated: `SELECT n.tenant_id, n.id, 'note' AS what, n.member_id FROM member_notes AS n
				LEFT JOIN members AS m ON m.tenant_id = n.tenant_id AND m.id = n.member_id WHERE m.id IS NULL
			UNION ALL SELECT a.tenant_id, a.id, 'attachment', a.member_id FROM member_attachments AS a
				LEFT JOIN members AS m ON m.tenant_id = a.tenant_id AND m.id = a.member_id WHERE m.id IS NULL`,
		say: "%[2]v %[1]v is that of member %[3]v, who does not exist",
	}, {
		name:    "attachments refer to uploaded files",
		checked: "member_attachments",
		// A condemned file counts as missing: its bytes may be gone already.
		violated: `SELECT a.tenant_id, a.id, a.file_key FROM member_attachments AS a
			LEFT JOIN uploads AS u ON u.tenant_id = a.tenant_id AND u.file_key = a.file_key AND NOT u.condemned
			WHERE u.file_key IS NULL`,
		say: "attachment %v refers to the file %v, which does not exist or is being removed",
	}, {
		// The count decides whether a file is removed, so one that is too small would take the file from under its
		// attachments.
		name:    "the stored attachment counts are right",
		checked: "uploads",
		violated: `WITH counted AS (
				SELECT tenant_id, file_key, COUNT(*) AS attachments FROM member_attachments GROUP BY tenant_id, file_key)
			SELECT u.tenant_id, u.file_key, u.attachments, COALESCE(c.attachments, 0) AS counted FROM uploads AS u
			LEFT JOIN counted AS c ON c.tenant_id = u.tenant_id AND c.file_key = u.file_key
			WHERE u.attachments <> COALESCE(c.attachments, 0)`,
		say: "the attachment count of file %v is %v, but there are %v",
	}, {
		name:    "staff named by notes and point entries exist",
		checked: "staff",
		violated: `SELECT n.tenant_id, n.id, 'note' AS what, n.staff_id FROM member_notes AS n
				LEFT JOIN staff AS s ON s.tenant_id = n.tenant_id AND s.id = n.staff_id
				WHERE n.staff_id IS NOT NULL AND s.id IS NULL
			UNION ALL SELECT e.tenant_id, e.id, 'entry', e.staff_id FROM point_entries AS e
				LEFT JOIN staff AS s ON s.tenant_id = e.tenant_id AND s.id = e.staff_id
				WHERE e.staff_id IS NOT NULL AND s.id IS NULL`,
		say: "%[2]v %[1]v names the staff %[3]v, who does not exist",
	}}
}
