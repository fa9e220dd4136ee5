package sqlstore

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"noren"
	"noren/search"
)

// heldOrder is an order of the members, and who may have another place since it was read.
type heldOrder struct {
	*search.Order
	late []int64 // in order
}

// maxLateMembers is how many members may have another place. With more, the order is read again when it is asked for.
const maxLateMembers = 2000

func (o heldOrder) size() int64 { return o.Order.Size() + 8*int64(len(o.late)) }

// ordersAfter returns the orders after the members have changed.
func ordersAfter(orders map[string]heldOrder, changed []int64) map[string]heldOrder {
	if len(orders) == 0 {
		return nil
	}
	// A new map, because searches that are under way go on reading the one before.
	after := make(map[string]heldOrder, len(orders))
	for name, o := range orders {
		late := slices.Concat(o.late, changed)
		slices.Sort(late)
		if late = slices.Clip(slices.Compact(late)); len(late) <= maxLateMembers {
			after[name] = heldOrder{o.Order, late}
		}
	}
	return after
}

// keptOrder returns what sorts upwards by the columns of the sort, and whether it is meant downwards. ok is false where that
// order is not kept: it is neither the one nor the other, or a column may change without a change of what members are found
// by.
func keptOrder(l listing[noren.Member], sort []noren.Sort) (upwards string, down, ok bool) {
	var columns []noren.Sort
	for _, s := range sort {
		if s.Desc != sort[0].Desc || s.Column != "id" && s.Column != "created_at" && !searchedColumn(s.Column) {
			return "", false, false
		}
		columns = append(columns, noren.Sort{Column: s.Column})
	}
	upwards, err := l.order(columns)
	// An order by one column is by the id, in which the index has its members anyway.
	return upwards, len(sort) > 0 && sort[0].Desc, err == nil && strings.Contains(upwards, ",")
}

// ordered returns a page of all hits in an order that memory has: the database sorts those alone that may be on the page. It
// is not done where memory does not have the order, or the rows have a say in what is found.
func (s *indexedSearch) ordered(ctx context.Context) (list []noren.Member, total int, done bool, err error) {
	upwards, down, ok := keptOrder(s.list, s.filter.Sort)
	if !ok || s.narrowed() || s.filter.Limit == 0 || s.filter.Offset+s.filter.Limit > fewHits {
		return nil, 0, false, nil
	}
	o, known := s.orders[upwards]
	if !known {
		s.db.search.readOrder(s.tenant, upwards)
		return nil, 0, false, nil
	}
	candidates, all := o.First(s.hits(false), s.filter.Offset+s.filter.Limit, down, o.late)
	list, total, err = s.sorted(ctx, candidates, all)
	return list, total, true, err
}

// readOrder reads an order of the tenant's members in the background, unless one is being read.
func (m *searchMemory) readOrder(tenant noren.TenantID, upwards string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.of(tenant)
	if h.ordering || h.state == nil || time.Now().Before(h.orderAfter) || m.ctx.Err() != nil {
		return
	}
	if m.used+int64(h.state.index.Len())*orderMember > m.limit {
		return
	}
	h.ordering = true
	m.work.Go(func() {
		begun := time.Now()
		at, o, err := m.order(tenant, upwards)
		m.mu.Lock()
		defer m.mu.Unlock()
		// Where members change all the time, it is read for a small part of it.
		h.orderAfter = time.Now().Add(orderPauses * time.Since(begun))
		// The index may have been let go while the order was read.
		if h.ordering = false; err == nil && h.state != nil {
			m.addOrder(h, upwards, at, o)
		}
	})
}

const (
	orderMember = 12 // bytes that a member takes in an order
	orderPauses = 10 // times that it took to read one order, until another is read
)

// order reads an order and the moment that it is of.
func (m *searchMemory) order(tenant noren.TenantID, upwards string) (at moment, o *search.Order, err error) {
	err = m.db.view(m.ctx, tenant, func(t *tx) error {
		if _, err := t.searchState(m.ctx); err != nil { // the state is not to be behind the order
			return err
		}
		if at, err = t.newestMemberChange(m.ctx); err != nil {
			return err
		}
		rows, err := t.query(m.ctx, "SELECT id FROM members WHERE tenant_id = ?"+upwards, t.tenant)
		ids, err := collect(rows, err, func(row scannable) (id int64, err error) {
			err = row.Scan(&id)
			return id, err
		})
		o = search.NewOrder(ids)
		return doing("read the order of members", err)
	})
	return at, o, err
}

// addOrder adds an order that was read at a moment to the state, which may be a later one. The lock is held.
func (m *searchMemory) addOrder(h *heldIndex, upwards string, at moment, o *search.Order) {
	late, known := h.state.after(at)
	if h.state.at == at {
		late, known = nil, true
	}
	if !known || len(late) > maxLateMembers {
		return
	}
	next := *h.state
	next.orders = maps.Clone(next.orders)
	if next.orders == nil {
		next.orders = make(map[string]heldOrder)
	}
	next.orders[upwards] = heldOrder{o, late}
	if m.used-h.size+next.size() <= m.limit { // an order is not worth another tenant's index
		m.put(h, &next)
	}
}
