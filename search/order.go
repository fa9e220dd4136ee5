package search

import (
	"cmp"
	"iter"
	"slices"
)

// Order is the places of members in another order than that of their ids. It never changes.
type Order struct {
	ids    []int64  // in order of id
	places []uint32 // of each of them
}

// NewOrder makes an Order of the ids as they follow each other in it.
func NewOrder(ids []int64) *Order {
	byID := make([]uint32, len(ids))
	for place := range byID {
		byID[place] = uint32(place)
	}
	slices.SortFunc(byID, func(a, b uint32) int { return cmp.Compare(ids[a], ids[b]) })
	o := &Order{ids: make([]int64, len(ids)), places: byID}
	for i, place := range byID {
		o.ids[i] = ids[place]
	}
	return o
}

// Size returns how many bytes the order takes.
func (o *Order) Size() int64 { return int64(12 * len(o.ids)) }

// placed is a hit with its place.
type placed struct {
	place uint32
	id    int64
}

// First returns those of the hits, which are given in order of id, that may be among the first n in the order, or among the
// last n if down is true: the n whose places are lowest or highest, and all that are in late, also in order of id, or have no
// place. It counts all hits.
func (o *Order) First(hits iter.Seq[int64], n int, down bool, late []int64) (candidates []int64, total int) {
	// The best so far, with the worst of them on top.
	var best []placed
	worse := func(a, b placed) bool { return a.place > b.place != down }
	at := 0
	for id := range hits {
		total++
		for len(late) > 0 && late[0] < id {
			late = late[1:]
		}
		at += behind(o.ids[at:], id)
		if len(late) > 0 && late[0] == id || at == len(o.ids) || o.ids[at] != id {
			candidates = append(candidates, id)
			continue
		}
		hit := placed{o.places[at], id}
		switch {
		case len(best) < n:
			best = append(best, hit)
			raise(best, worse)
		case n > 0 && worse(best[0], hit):
			best[0] = hit
			sink(best, worse)
		}
	}
	for _, hit := range best {
		candidates = append(candidates, hit.id)
	}
	return candidates, total
}

// behind returns how many of the ids, which are in order, come before id. It takes steps that double, because the next hit is
// mostly near.
func behind(ids []int64, id int64) int {
	step := 1
	for step < len(ids) && ids[step] < id {
		step *= 2
	}
	from := step / 2
	n, _ := slices.BinarySearch(ids[from:min(step+1, len(ids))], id)
	return from + n
}

// raise moves the last of a heap up to its place.
func raise(heap []placed, above func(a, b placed) bool) {
	for i := len(heap) - 1; i > 0 && above(heap[i], heap[(i-1)/2]); i = (i - 1) / 2 {
		heap[i], heap[(i-1)/2] = heap[(i-1)/2], heap[i]
	}
}

// sink moves the first of a heap down to its place.
func sink(heap []placed, above func(a, b placed) bool) {
	for i := 0; ; {
		top := i
		for child := 2*i + 1; child < min(2*i+3, len(heap)); child++ {
			if above(heap[child], heap[top]) {
				top = child
			}
		}
		if top == i {
			return
		}
		heap[i], heap[top] = heap[top], heap[i]
		i = top
	}
}
