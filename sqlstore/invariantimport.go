package sqlstore

// importInvariants are about imports. Of one that has ended, refused lines may be fewer than were counted: they are
// swept some at a time before it is.
func importInvariants() []invariant {
	return []invariant{{
		name:    "every processed line of an import has one result",
		checked: "imports",
		violated: `SELECT tenant_id, id, state, processed, total, created + updated + unchanged + refused AS results FROM imports
			WHERE processed <> created + updated + unchanged + refused OR processed > total OR state = 'done' AND processed <> total`,
		say: "import %v is %v after %v of %v lines with %v results",
	}, {
		name:    "every unprocessed line of an import is stored",
		checked: "imports",
		// Only of those that may still be worked on: what is cancelled or has failed leaves its lines to the sweep.
		violated: `SELECT i.tenant_id, i.id, i.processed, i.total FROM imports AS i
			WHERE i.state IN ('draft', 'waiting', 'running') AND i.processed < i.total AND NOT EXISTS (
				SELECT 1 FROM import_pieces AS p WHERE p.tenant_id = i.tenant_id AND p.import_id = i.id)`,
		say: "import %v has processed %v of %v lines, and the others are not there",
	}, {
		name:    "lines and refused lines belong to an import that counts them",
		checked: "imports",
		// Three ways to be wrong: more refused lines than the import knows of, fewer while it is under way, and lines
		// of no import.
		violated: `WITH counted AS (
				SELECT tenant_id, import_id, COUNT(*) AS refused FROM import_refusals GROUP BY tenant_id, import_id)
			SELECT c.tenant_id, c.import_id, c.refused, COALESCE(i.refused, 0) AS known FROM counted AS c
				LEFT JOIN imports AS i ON i.tenant_id = c.tenant_id AND i.id = c.import_id
				WHERE c.refused > COALESCE(i.refused, 0)
			UNION ALL SELECT i.tenant_id, i.id, 0, i.refused FROM imports AS i
				LEFT JOIN counted AS c ON c.tenant_id = i.tenant_id AND c.import_id = i.id
				WHERE i.state IN ('waiting', 'running') AND i.refused > COALESCE(c.refused, 0)
			UNION ALL SELECT p.tenant_id, p.import_id, 0, 0 FROM import_pieces AS p
				LEFT JOIN imports AS i ON i.tenant_id = p.tenant_id AND i.id = p.import_id WHERE i.id IS NULL
			UNION ALL SELECT f.tenant_id, f.import_id, 0, 0 FROM import_files AS f
				LEFT JOIN imports AS i ON i.tenant_id = f.tenant_id AND i.id = f.import_id WHERE i.id IS NULL`,
		say: "import %v has %v refused lines but counts %v",
	}}
}
