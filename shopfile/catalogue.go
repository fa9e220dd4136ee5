package shopfile

import (
	"math"
	"strconv"
	"unicode/utf8"

	"github.com/goccy/go-yaml/ast"
	"github.com/google/uuid"

	"noren"
)

// ranks reads the ranks from the lowest up. Names are compared as the domain compares them, so that "Gold" and " gold"
// in one file are reported here, with their lines, and not only when the file is applied.
func (t *tenantReader) ranks() {
	var ids, codes, names, uids once
	t.entries("ranks", "a rank", func(m *mapping) {
		var rank noren.Rank
		m.require("id", "name")
		t.numbered(m, &rank.ID, &ids)
		t.rankCode(m, &rank.Code, &codes)
		if m.text("name", &rank.Name) {
			names.add(t.reader, m.lineOf("name"), noren.FoldName(rank.Name), "the name %q of a rank", rank.Name)
		}
		if m.text("uid", &rank.UID) {
			// Validate also accepts braces and urn:uuid:, but clients expect the plain form of 36 characters.
			if err := uuid.Validate(rank.UID); err != nil || len(rank.UID) != 36 {
				m.fail("uid", "%q is not a UUID", rank.UID)
			}
			uids.add(t.reader, m.lineOf("uid"), rank.UID, "the uid %s of a rank", rank.UID)
		}
		// The order of the file is the ladder.
		if n := len(t.shop.Ranks); m.integer("entry", &rank.EntrySpend, 0, maxAmount) && n > 0 && rank.EntrySpend < t.shop.Ranks[n-1].EntrySpend {
			m.fail("entry", "must be %d or more, the entry of the rank before; write the ranks from the lowest up", t.shop.Ranks[n-1].EntrySpend)
		}
		rank.MaintenanceSpend = rank.EntrySpend // by default, the spend that reaches a rank also keeps it
		m.integer("maintenance", &rank.MaintenanceSpend, 0, maxAmount)
		ratio(m, "ratio", &rank.Ratio)
		t.shop.Ranks = append(t.shop.Ranks, rank)
	})
}

// numbered reads the ID of an entry, which must be unique in its list.
func (t *tenantReader) numbered(m *mapping, to *int64, seen *once) {
	if m.id("id", to, catalogueIDDigits) {
		seen.add(t.reader, m.lineOf("id"), strconv.FormatInt(*to, 10), "the id %d of %s", *to, m.what)
	}
}

// coded reads the code of an entry, which must be unique in its list.
func (t *tenantReader) coded(m *mapping, to *string, seen *once) {
	if m.text("code", to) {
		seen.add(t.reader, m.lineOf("code"), *to, "the code %q of %s", *to, m.what)
	}
}

// rankCode reads the code of a rank, which must be unique in its list.
func (t *tenantReader) rankCode(m *mapping, to *string, seen *once) {
	if !m.text("code", to) {
		return
	}
	// A code that folds to nothing, such as a blank, could not be told from none.
	if utf8.RuneCountInString(*to) > noren.MaxRankCode || noren.FoldName(*to) == "" {
		m.fail("code", "must be 1 to %d characters", noren.MaxRankCode)
		return
	}
	seen.add(t.reader, m.lineOf("code"), noren.FoldName(*to), "the code %q of %s", *to, m.what)
}

// ratio reads points per unit of currency, as a fraction from 0 to 100.
func ratio(m *mapping, key string, to *float64) {
	n := m.node(key)
	if n == nil {
		return
	}
	if n.Type() == ast.IntegerType || n.Type() == ast.FloatType {
		// The value as it is written. A not-a-number of YAML is refused with the rest.
		f, err := strconv.ParseFloat(n.GetToken().Value, 64)
		if err == nil && !math.IsNaN(f) && f >= 0 && f <= noren.MaxRatio {
			*to = f
			return
		}
	}
	m.fail(key, "must be a number from 0 to %d, such as 0.01 for one point per hundred, not %s", noren.MaxRatio, shown(n))
}

// staffRanks reads the second list of ranks (社員ランク), which has no order.
func (t *tenantReader) staffRanks() {
	var ids, codes, names once
	t.entries("staff_ranks", "a staff rank", func(m *mapping) {
		var rank noren.StaffRank
		m.require("id", "name")
		t.numbered(m, &rank.ID, &ids)
		t.rankCode(m, &rank.Code, &codes)
		if m.text("name", &rank.Name) {
			names.add(t.reader, m.lineOf("name"), noren.FoldName(rank.Name), "the name %q of a staff rank", rank.Name)
		}
		t.shop.StaffRanks = append(t.shop.StaffRanks, rank)
	})
}

// stores reads stores. Names may repeat, as they do in chains; a reference by a repeated name is an error that asks for
// the ID.
func (t *tenantReader) stores() {
	var ids, codes once
	t.entries("stores", "a store", func(m *mapping) {
		// Most stores are shops, so the key may be left out.
		store := noren.Store{Kind: noren.StoreShop}
		m.require("id", "name")
		t.numbered(m, &store.ID, &ids)
		t.coded(m, &store.Code, &codes)
		m.text("name", &store.Name)
		word(m, "kind", &store.Kind, noren.StoreShop, noren.StoreWarehouse, noren.StoreOrder)
		t.shop.Stores = append(t.shop.Stores, store)
	})
}

// products reads products, which stock refers to.
func (t *tenantReader) products() {
	var ids, codes once
	t.entries("products", "a product", func(m *mapping) {
		var product noren.Product
		m.require("id", "name")
		t.numbered(m, &product.ID, &ids)
		t.coded(m, &product.Code, &codes)
		m.text("name", &product.Name)
		t.shop.Products = append(t.shop.Products, product)
	})
}

// staff reads the people who work for the tenant.
func (t *tenantReader) staff() {
	var ids, codes once
	t.entries("staff", "a member of staff", func(m *mapping) {
		var person noren.Staff
		m.require("id", "name")
		t.numbered(m, &person.ID, &ids)
		t.coded(m, &person.Code, &codes)
		m.text("name", &person.Name)
		var store int64
		if t.storeRef(m, "store", &store) {
			person.StoreID = &store
		}
		t.shop.Staff = append(t.shop.Staff, person)
	})
}
