package smaregi

import (
	"time"

	"noren"
	"noren/wire"
)

// lists are the lists of this dialect.
type lists struct {
	customers list[noren.MemberFilter, customer]
	stock     list[noren.StockFilter, zoned[noren.StockLevel]]
	changes   list[changeFilter, zoned[noren.StockMovement]]
	stores    list[noren.CatalogueFilter, zoned[noren.Store]]
	products  list[noren.CatalogueFilter, zoned[noren.Product]]
}

// zoned is an entry with the tenant's zone, in which its times are written, and its settings of points.
type zoned[T any] struct {
	is     T
	zone   *time.Location
	points noren.PointSettings
}

// inZone pairs each item with what its tenant has set.
func inZone[T any](items []T, of noren.Tenant) []zoned[T] {
	out := make([]zoned[T], len(items))
	for i, item := range items {
		out[i] = zoned[T]{item, of.Location(), of.Points}
	}
	return out
}

// stamp writes t as YYYY-MM-DDThh:mm:ssTZD in the zone.
func stamp(t time.Time, zone *time.Location) string {
	return t.In(zone).Format("2006-01-02T15:04:05-07:00")
}

// newLists makes the lists. The sort keys are those of the domain's filters.
func newLists() lists {
	return lists{
		customers: customerList(), stock: stockList(), changes: changeList(), stores: storeList(), products: productList(),
	}
}

// always is a key that is never null; maybe is a key that may be.
func always[T any](name, label string, value func(T) any) wire.Shown[T] {
	return wire.Shown[T]{Name: name, Value: value, Description: label}
}

func maybe[T any](name, label string, value func(T) any) wire.Shown[T] {
	return wire.Shown[T]{Name: name, Value: value, Description: label, Nullable: true}
}

// unknown is a documented key for which nothing is stored: always null.
func unknown[T any](name, label string) wire.Shown[T] {
	return maybe(name, label, func(T) any { return nil })
}

// fixed is a documented key for which nothing is stored, and of which one value is true of every entry.
func fixed[T any](name, label, value string) wire.Shown[T] {
	return always(name, label, func(T) any { return value })
}

// withSwitch is a parameter with_… that adds a key to each entry.
func withSwitch[T any](name, label string, key wire.Shown[T]) extra[T] {
	return extra[T]{wire.Facts{
		Name: name, Type: wire.TypeEnum, Enum: []string{"none", "all"}, Description: label + " (none:取得しない、all:取得する)。省略時はnone",
	}, key}
}
