package imports

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"

	"noren"
	"noren/lenient"
)

// twinPieces is how many pieces are read in one View.
const twinPieces = 20

// Limits of what is kept of lines that name what a line before names.
const (
	maxCompared       = 100_000 // more are not compared with that line
	maxContradictions = 5000    // more are told, but applied
)

// repeats is what is said of lines that name the same member, product or purchase as a line before.
type repeats struct {
	list           []noren.ImportProblem // the first of them
	all            int
	contradictions []noren.ImportContradiction
	pairs          map[int]int // line → the line before
	lengths        []int       // of codes, in the file and stored
}

// twins tells which lines of the import name the same as a line before, and which of them contradict it. It reads the whole file.
func (s *Service) twins(ctx context.Context, c noren.Caller, i noren.Import) (r repeats, err error) {
	groups := identifying(i)
	if len(groups) == 0 {
		return r, nil
	}
	seen := make(map[uint64]int, i.Total) // hashes, because a file may have a million lines
	seed := maphash.MakeSeed()
	var codes []int
	for n, column := range i.Columns {
		if i.Kind == noren.ImportMembers && slices.Contains(alikeColumns(), column.Field) {
			codes = append(codes, n)
		}
	}
	r.pairs = make(map[int]int)
	if len(codes) > 0 { // or nobody asks for lengths, and finding them out reads the code of every member
		if err := s.run.View(ctx, c.Tenant.ID, func(tx Tx) (err error) {
			r.lengths, err = tx.CodeLengths(ctx)
			return err
		}); err != nil {
			return r, err
		}
	}
	if err := s.eachLine(ctx, c, i, func(line noren.ImportLine) {
		if line.Broken != nil {
			return
		}
		for _, n := range codes {
			if code := lenient.Narrow(line.Cells[n]); noren.IsDigits(code) && !slices.Contains(r.lengths, len(code)) {
				r.lengths = append(r.lengths, len(code))
			}
		}
		field, first := repeated(line, groups, seen, seed)
		if first == 0 {
			return
		}
		if r.all++; len(r.list) < maxRemarks {
			r.list = append(r.list, noren.ImportProblem{
				Line: line.Number, Field: field, Reason: noren.ReasonDuplicate, Limit: strconv.Itoa(first),
				Message: fmt.Sprintf("names the same as line %d", first),
			})
		}
		if len(r.pairs) < maxCompared {
			r.pairs[line.Number] = first
		}
	}); err != nil || len(r.pairs) == 0 {
		return r, err
	}
	compare := comparison{meanings: meaningsOf(i), said: make(map[int][]uint64), seed: seed}
	for _, first := range r.pairs {
		compare.said[first] = nil
	}
	return r, s.eachLine(ctx, c, i, func(line noren.ImportLine) {
		if said, wanted := compare.said[line.Number]; wanted && said == nil {
			compare.said[line.Number] = compare.says(line)
		}
		first, repeats := r.pairs[line.Number]
		if !repeats || len(r.contradictions) == maxContradictions {
			return
		}
		if column := compare.differs(line, first); column >= 0 {
			r.contradictions = append(r.contradictions, noren.ImportContradiction{
				Line: line.Number, First: first, Field: i.Columns[column].Field,
			})
		}
	})
}

// eachLine visits the lines of a draft in order. Two batches are read side by side, because taking them apart is most of the work.
func (s *Service) eachLine(ctx context.Context, c noren.Caller, i noren.Import, visit func(noren.ImportLine)) error {
	for after := int64(0); ; {
		var batches [2][]noren.ImportPiece
		var reading errgroup.Group
		for n := range batches {
			reading.Go(func() error {
				return s.run.View(ctx, c.Tenant.ID, func(tx Tx) (err error) {
					batches[n], err = tx.ImportPieces(ctx, i.ID, after+int64(n)*twinPieces, twinPieces)
					return err
				})
			})
		}
		if err := reading.Wait(); err != nil {
			return err
		}
		before := after
		for _, piece := range slices.Concat(batches[0], batches[1]) {
			if piece.Number <= after { // the first batch goes beyond its numbers where pieces of an erased member are gone
				continue
			}
			for _, line := range piece.Lines {
				visit(line)
			}
			after = piece.Number
		}
		if after == before {
			return nil
		}
	}
}

// comparison compares lines with the first that names the same: by hashes, because there may be many.
type comparison struct {
	meanings []func(cell string) (text string, ok bool) // of the columns; nil: the column is not compared
	said     map[int][]uint64                           // line → what its columns say; 0: nothing
	seed     maphash.Seed
}

// says returns the hashes of what the line says.
func (c comparison) says(line noren.ImportLine) []uint64 {
	said := make([]uint64, len(c.meanings))
	for n, meaning := range c.meanings {
		if meaning == nil || line.Broken != nil || line.Cells[n] == "" {
			continue
		}
		if text, ok := meaning(line.Cells[n]); ok { // what cannot be read is refused by itself
			said[n] = maphash.String(c.seed, text)
		}
	}
	return said
}

// differs returns the first column in which the line contradicts the earlier one, -1 if there is none. What only the line says counts
// against lines that come behind it.
func (c comparison) differs(line noren.ImportLine, first int) int {
	before, now := c.said[first], c.says(line)
	for n := range now {
		if now[n] != 0 && before[n] != 0 && now[n] != before[n] {
			return n
		}
	}
	for n := range now {
		if before[n] == 0 {
			before[n] = now[n]
		}
	}
	return -1
}

// meaningsOf returns for each column of the import what a cell of it means, for comparing; nil for columns in which lines may differ.
// Lines of purchases and points have ids of their own, by which what differs is refused anyway.
func meaningsOf(i noren.Import) []func(string) (string, bool) {
	meanings := make([]func(string) (string, bool), len(i.Columns))
	if !slices.Contains([]noren.ImportKind{noren.ImportMembers, noren.ImportProducts, noren.ImportStock}, i.Kind) {
		return meanings
	}
	reader := newMemberReader(&i)
	for n, c := range i.Columns {
		switch {
		case slices.Contains([]string{"", fieldMemo, fieldLost}, c.Field):
		case i.Kind == noren.ImportMembers:
			meanings[n] = func(cell string) (string, bool) { return reader.meaning(n, cell) }
		default:
			meanings[n] = func(cell string) (string, bool) { return plainly(i.Kind, c.Field, cell) }
		}
	}
	return meanings
}

// meaning returns what a cell of the column means, whatever its form; false if it cannot be read.
func (r memberReader) meaning(column int, cell string) (text string, ok bool) {
	field := r.columns[column].Field
	if at := r.fields[column]; at >= 0 {
		m := memberLine{patch: noren.MemberPatch{View: r.view}}
		to := reflect.ValueOf(&m.patch).Elem().Field(at).Addr().Interface()
		if wrong := m.read(to, field, cell); wrong != nil || len(m.doubtful) > 0 {
			return "", false
		}
		if text, err := json.Marshal(to); err == nil && string(text) != "null" {
			return string(text), true
		}
	}
	text, ok = plainly(noren.ImportMembers, field, cell)
	return strings.ToLower(text), ok
}

// plainly returns a cell in the form in which two cells of one field are compared: numbers without what does not change them. It
// returns false for what should be a number and is none.
func plainly(kind noren.ImportKind, field, cell string) (text string, ok bool) {
	if slices.Contains([]string{
		fieldProductID, fieldStoreID, fieldRankID, fieldStaffRankID, fieldMemberID, fieldPoints,
	}, field) || field == fieldID && (kind == noren.ImportMembers || kind == noren.ImportProducts) ||
		field == FieldAmount && kind == noren.ImportStock {
		if n, wrong := lenient.Points(cell, math.MinInt64, math.MaxInt64); wrong == nil {
			return strconv.FormatInt(n, 10), true
		}
		return lenient.Narrow(cell), false
	}
	return lenient.Narrow(cell), true
}

// group is columns whose cells together identify what a line is about.
type group struct {
	kind    noren.ImportKind
	field   string
	columns []int
	fields  []string // of the columns
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
			g := group{kind: i.Kind, field: field, columns: columns}
			for _, n := range columns {
				g.fields = append(g.fields, i.Columns[n].Field)
			}
			groups = append(groups, g)
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
	for n, g := range groups {
		var key strings.Builder
		empty := true
		for at, column := range g.columns {
			cell, _ := plainly(g.kind, g.fields[at], line.Cells[column])
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
