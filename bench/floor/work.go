package floor

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"noren"
	"noren/app/bulk"
	"noren/bench/seed"
)

// Change is what a measured bulk request changes.
type Change string

// The changes. Those of names and telephone numbers also write a row for searches.
const (
	ChangeNote   Change = "note"
	changeNames  Change = "names"
	changePhones Change = "phones"
)

func Changes() []Change { return []Change{ChangeNote, changeNames, changePhones} }

// CallbackURL is where callbacks would go. Without HTTP nothing is sent.
const CallbackURL = "http://127.0.0.1:9/callbacks/bench"

// Work is one bulk request. Everything that applying it writes is worked out beforehand, so that the floor only has to
// write it.
type Work struct {
	change  Change
	Members []int64 // sorted
	// Values has, for each changed column, one value for each member.
	Values map[string][]string
	// packed lists the members whose searched columns change, as the database stores them: the differences of their ids.
	packed []byte
}

// columns lists the changed columns in the order of the schema.
func (c Change) columns() []string {
	switch c {
	case changeNames:
		return []string{"last_name", "first_name"}
	case changePhones:
		return []string{"phone"}
	default:
		return []string{"note"}
	}
}

// Maker makes works over the members from 1 to members. Two makers with the same seed make the same works.
type Maker struct {
	Random  *rand.Rand
	members int
	tenant  noren.TenantID
	Rows    int // how many members each work changes
	Round   int
	found   map[int64]findable // members whose names or numbers an earlier work has changed
}

// findable is the part of what a member is found by that changes.
type findable struct {
	seed.FullName
	phone string
}

func NewMaker(tenant noren.TenantID, members int) *Maker {
	return &Maker{
		Random: rand.New(rand.NewPCG(20260401, 11)), members: members, tenant: tenant, Rows: bulk.MaxRows,
		found: make(map[int64]findable),
	}
}

// Next makes the next work: Rows members from anywhere in the table, or all of them if there are fewer.
func (m *Maker) Next(c Change) Work {
	m.Round++
	w := Work{change: c, Values: make(map[string][]string)}
	chosen := make(map[int64]bool)
	for len(chosen) < min(m.Rows, m.members) {
		chosen[m.Random.Int64N(int64(m.members))+1] = true
	}
	// In order, as Noren locks them.
	w.Members = sortedKeys(chosen)
	for i, id := range w.Members {
		if i > 0 {
			id -= w.Members[i-1]
		}
		w.packed = binary.AppendVarint(w.packed, id)
	}
	for _, id := range w.Members {
		// What an earlier work has written is what the next one finds: the audit log has it as the value before.
		before, changed := m.found[id]
		if !changed {
			before = findable{seed.NameOf(id, 0), *seed.Member(id, seed.Epoch()).Phone}
		}
		after := before
		switch c {
		case ChangeNote:
			w.add("note", fmt.Sprintf("お得意様 %d回目", m.Round))
			continue
		case changeNames:
			after.FullName = seed.NameOf(id, m.Round)
			w.add("last_name", after.Last)
			w.add("first_name", after.First)
		case changePhones:
			after.phone = fmt.Sprintf("06%08d", (id*7919+int64(m.Round)*104723)%100000000)
			w.add("phone", after.phone)
		}
		m.found[id] = after
	}
	return w
}

func (w *Work) add(column, value string) { w.Values[column] = append(w.Values[column], value) }

// Patches returns the work as the rows of a bulk request.
func (w *Work) Patches() []noren.MemberPatch {
	list := make([]noren.MemberPatch, len(w.Members))
	for i, id := range w.Members {
		list[i] = noren.MemberPatch{ID: id, View: noren.SmaregiView}
		for column, values := range w.Values {
			switch column {
			case "note":
				list[i].Note = noren.Set(values[i])
			case "last_name":
				list[i].LastName = noren.Set(values[i])
			case "first_name":
				list[i].FirstName = noren.Set(values[i])
			case "phone":
				list[i].Phone = noren.Set(values[i])
			}
		}
	}
	return list
}

// request returns the work as bulk.Service.Accept takes it.
func (w *Work) request() noren.BulkRequest {
	return noren.BulkRequest{
		Kind: noren.BulkMembers, Dialect: noren.Smaregi, CallbackURL: CallbackURL,
		Rows: noren.BulkRows{Members: w.Patches()},
	}
}

func sortedKeys(set map[int64]bool) []int64 { return slices.Sorted(maps.Keys(set)) }
