package imports

import (
	"noren"
	"noren/search"
)

// nameVerdict is what the name that a file gives beside a key says about the member who has the key.
type nameVerdict int

const (
	sameName    nameVerdict = iota // or none is given, or the operator has said that the key is enough
	partlyOther                    // by a code: the family name is another one, as after a marriage
	anotherName                    // it may be somebody else
)

// judgeName judges the name in a file of any kind. A code is what a shop calls its members by, so that another family name alone does not
// tell against it; any other key is not given by hand, and either part is enough.
func (r run) judgeName(by, last, first string, m noren.Member) nameVerdict {
	switch {
	case !disagrees(last, first, m) || r.By == ByID || r.By == ByCode && by == fieldCode:
		return sameName
	case by == fieldCode && married(first, m):
		return partlyOther
	}
	return anotherName
}

// disagrees reports whether the name that a file gives is not that of the member. What one of them does not have is not compared, nor
// where a name is split, if the whole is the same.
func disagrees(last, first string, m noren.Member) bool {
	if sameWhole(last, first, m.LastName, m.FirstName) {
		return false
	}
	differs := func(given string, stored *string) bool {
		return given != "" && noren.Deref(stored) != "" && foldPerson(given) != foldPerson(*stored)
	}
	return differs(last, m.LastName) || differs(first, m.FirstName)
}

// sameWhole reports whether both parts of a name together are those stored, wherever either is split.
func sameWhole(last, first string, storedLast, storedFirst *string) bool {
	whole := foldPerson(last + first)
	return whole != "" && whole == foldPerson(noren.Deref(storedLast)+noren.Deref(storedFirst))
}

// married reports whether the given name, which changes less often than a family name and differs within a family, is the member's.
func married(first string, m noren.Member) bool {
	return first != "" && noren.Deref(m.FirstName) != "" && foldPerson(first) == foldPerson(*m.FirstName)
}

// agrees reports whether the file gives a name, and all of it is the member's.
func agrees(last, first string, m noren.Member) bool {
	return !disagrees(last, first, m) && (last != "" && noren.Deref(m.LastName) != "" || first != "" && noren.Deref(m.FirstName) != "")
}

// foldPerson is the form in which names of persons are compared: without width, case, blanks, variants of kanji and the difference
// between hiragana and katakana, as a search finds them.
func foldPerson(name string) string { return search.Haystack(name) }
