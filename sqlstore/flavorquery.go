package sqlstore

import (
	"encoding/json"

	"noren"
)

// This file is the part of flavor that only single queries need.

// pairs is the condition that two integer columns are together one of a list of pairs, with one ? for the list as
// pairList returns it.
func (f *flavor) pairs(first, second string) string {
	return "(" + first + ", " + second + ") IN " +
		"(SELECT CAST(value ->> 0 AS bigint), CAST(value ->> 1 AS bigint) FROM " + f.elements + ")"
}

// pairList is the argument for pairs: one, like that of in, whatever the number of pairs.
func pairList(keys []noren.StockKey) string {
	list := make([][2]int64, len(keys))
	for i, k := range keys {
		list[i] = [2]int64{k.ProductID, k.StoreID}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic("sqlstore: pairs of integers that JSON cannot hold: " + err.Error())
	}
	return string(text)
}
