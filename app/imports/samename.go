package imports

import (
	"noren"
	"noren/search"
)

// nameVerdict is what the name that a file gives beside a key says about the member who has the key.
type nameVerdict int

const (
	sameName    nameVerdict = iota // or none is given, or the operator has said that the key is enough
	sameReading                    // written otherwise, in kana here and kanji there, and read alike
	partlyOther                    // by a code: the family name is another one, as after a marriage
	anotherName                    // it may be somebody else
)

// personName is the name that a line gives, and how it is read where the line says so.
type personName struct{ last, first, lastKana, firstKana string }

// judgeName judges the name in a file of any kind. A code is what a shop calls its members by, so that another family name alone does not
// tell against it; any other key is not given by hand, and either part is enough.
func (r run) judgeName(by string, n personName, m noren.Member) nameVerdict {
	switch {
	case !n.disagrees(m) || r.By == ByID || r.By == ByCode && by == fieldCode:
		return sameName
	case n.readsAs(m):
		return sameReading
	case by == fieldCode && n.married(m):
		return partlyOther
	}
	return anotherName
}

// disagrees reports whether the name that a file gives is not that of the member. What one of them does not have is not compared, nor
// where a name is split, if the whole is the same.
func (n personName) disagrees(m noren.Member) bool {
	if sameWhole(n.last, n.first, m.LastName, m.FirstName) {
		return false
	}
	differs := func(given string, stored *string) bool {
		return given != "" && noren.Deref(stored) != "" && foldPerson(given) != foldPerson(*stored)
	}
	return differs(n.last, m.LastName) || differs(n.first, m.FirstName)
}

// readsAs reports whether a name that disagrees is that of the member in other letters: the line's reading is the stored one, or the name
// itself is how the stored one is read, or the other way round. Each part that both have must be so, or the whole.
func (n personName) readsAs(m noren.Member) bool {
	given := []string{n.last + n.first, n.lastKana + n.firstKana}
	stored := []string{noren.Deref(m.LastName) + noren.Deref(m.FirstName), noren.Deref(m.LastKana) + noren.Deref(m.FirstKana)}
	if anyAlike(given, stored) {
		return true
	}
	alike := func(name, kana string, storedName, storedKana *string) bool {
		return name == "" || noren.Deref(storedName) == "" ||
			anyAlike([]string{name, kana}, []string{*storedName, noren.Deref(storedKana)})
	}
	return alike(n.last, n.lastKana, m.LastName, m.LastKana) && alike(n.first, n.firstKana, m.FirstName, m.FirstKana)
}

// anyAlike reports whether one of the names is one of the stored ones.
func anyAlike(given, stored []string) bool {
	for _, a := range given {
		for _, b := range stored {
			if folded := foldPerson(a); folded != "" && folded == foldPerson(b) {
				return true
			}
		}
	}
	return false
}

// sameWhole reports whether both parts of a name together are those stored, wherever either is split.
func sameWhole(last, first string, storedLast, storedFirst *string) bool {
	whole := foldPerson(last + first)
	return whole != "" && whole == foldPerson(noren.Deref(storedLast)+noren.Deref(storedFirst))
}

// married reports whether the given name, which changes less often than a family name and differs within a family, is the member's.
func (n personName) married(m noren.Member) bool {
	return n.first != "" && noren.Deref(m.FirstName) != "" &&
		anyAlike([]string{n.first, n.firstKana}, []string{*m.FirstName, noren.Deref(m.FirstKana)})
}

// agrees reports whether the file gives a name, and all of it is the member's.
func (n personName) agrees(m noren.Member) bool {
	both := n.last != "" && noren.Deref(m.LastName) != "" || n.first != "" && noren.Deref(m.FirstName) != ""
	return both && (!n.disagrees(m) || n.readsAs(m))
}

// foldPerson is the form in which names of persons are compared: without width, case, blanks, variants of kanji and the difference
// between hiragana and katakana, as a search finds them.
func foldPerson(name string) string { return search.Haystack(name) }
