package shop

import (
	"strings"

	"noren"
)

// Lines says where a shop stands in its file: for each list the entries in their order, each with the lines of its keys. The key "" is
// the entry itself. The settings of the tenant are the only entry of the list "".
type Lines map[string][]map[string]int

// The errors of Apply name what they are about by list and key, such as members.rank, with the entry in Row.

// Part returns the list and the key that an error of Apply is about. The list is "" for a setting of the tenant.
func Part(e *noren.Error) (list, key string) {
	if e.Row == 0 {
		return "", e.Field
	}
	list, key, _ = strings.Cut(e.Field, ".")
	return list, key
}

// Line returns the line of what an error of Apply is about; 0 if the shop did not come from a file.
func (s Shop) Line(e *noren.Error) int {
	list, key := Part(e)
	entries, at := s.Lines[list], max(e.Row-1, 0)
	if at >= len(entries) {
		return 0
	}
	if line := entries[at][key]; line != 0 {
		return line
	}
	return entries[at][""] // a key that the file leaves out
}
