package imports

import (
	"context"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"noren"
	"noren/lenient"
)

// twinPieces is how many pieces are read in one View.
const twinPieces = 20

// twins tells which lines of the import name the same member, product or purchase as a line before. It reads the whole file.
func (s *Service) twins(ctx context.Context, c noren.Caller, i noren.Import) (list []noren.ImportProblem, all int, err error) {
	groups := identifying(i)
	seen := make(map[uint64]int, i.Total) // hashes, because a file may have a million lines
	seed := maphash.MakeSeed()
	for after := int64(0); len(groups) > 0; {
		var pieces []noren.ImportPiece
		err := s.run.View(ctx, c.Tenant.ID, func(tx Tx) (err error) {
			pieces, err = tx.ImportPieces(ctx, i.ID, after, twinPieces)
			return err
		})
		if err != nil || len(pieces) == 0 {
			return list, all, err
		}
		for _, piece := range pieces {
			for _, line := range piece.Lines {
				field, first := repeated(line, groups, seen, seed)
				if first == 0 {
					continue
				}
				if all++; len(list) < maxRemarks {
					list = append(list, noren.ImportProblem{
						Line: line.Number, Field: field, Reason: noren.ReasonDuplicate, Limit: strconv.Itoa(first),
						Message: fmt.Sprintf("names the same as line %d", first),
					})
				}
			}
		}
		after = pieces[len(pieces)-1].Number
	}
	return list, all, nil
}

// group is columns whose cells together identify what a line is about.
type group struct {
	field   string
	columns []int
}

// identifying returns the groups of columns of the import that identify what its lines are about.
func identifying(i noren.Import) (groups []group) {
	at := func(fields ...string) (columns []int) {
		for n, c := range i.Columns {
			if slices.Contains(fields, c.Field) {
				columns = append(columns, n)
			}
		}
		return columns
	}
	add := func(field string, columns []int) {
		if len(columns) > 0 {
			groups = append(groups, group{field, columns})
		}
	}
	switch i.Kind {
	case noren.ImportMembers:
		for _, field := range []string{fieldID, fieldCode, fieldAlias, fieldShopify} {
			add(field, at(field))
		}
	case noren.ImportProducts:
		add(fieldID, at(fieldID))
		add(fieldCode, at(fieldCode))
	case noren.ImportStock:
		add(fieldProduct, at(fieldProduct, fieldProductID, fieldProductCode, fieldStore, fieldStoreID, fieldStoreCode))
	case noren.ImportPurchases:
		add(fieldID, at(fieldID, fieldRefundOf))
	case noren.ImportPoints:
		add(fieldID, at(fieldID))
	}
	return groups
}

// repeated returns the field and the line by which this one names what that line named; 0 if it names something new.
func repeated(line noren.ImportLine, groups []group, seen map[uint64]int, seed maphash.Seed) (field string, first int) {
	if line.Broken != nil {
		return "", 0
	}
	for n, g := range groups {
		var key strings.Builder
		empty := true
		for _, column := range g.columns {
			cell := lenient.Narrow(line.Cells[column])
			empty = empty && cell == ""
			fmt.Fprintf(&key, "%d\x00%s\x00", n, cell)
		}
		if empty {
			continue
		}
		hash := maphash.String(seed, key.String())
		switch before := seen[hash]; {
		case before == 0:
			seen[hash] = line.Number
		case first == 0:
			field, first = g.field, before
		}
	}
	return field, first
}
