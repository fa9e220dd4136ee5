package search

import (
	"sync/atomic"
	"unicode/utf8"
)

// gramLength is how many Latin letters or digits in a row are a gram, in addition to single characters and pairs of
// neighbours. There are only a hundred pairs of digits, so nearly every block has all of them; there are enough of
// these longer grams to distinguish telephone numbers, codes and mail addresses.
const gramLength = 5

// marks is a Bloom filter of the grams in a block's haystacks. If a bit of a gram is not set, the gram does not occur; if
// all are set, it may be gone or share them with others. Bits are set while others read them.
//
// Characters and pairs have bits of their own, because the longer grams, which are far more, would set nearly all of them.
type marks []uint64

// The bits of a block. Each is a power of two.
const (
	pairBits = 1 << 15 // for some three thousand pairs
	longBits = 1 << 16 // for some fifteen thousand longer grams
)

func newMarks() marks { return make(marks, (pairBits+longBits)/64) }

// gram is a gram as the positions of its bits.
type gram [2]uint32

// add sets the bits of a text.
func (m marks) add(text string) {
	if m == nil {
		return
	}
	eachGram(text, func(g gram) {
		for _, at := range g {
			if bit := uint64(1) << (at % 64); atomic.LoadUint64(&m[at/64])&bit == 0 {
				atomic.OrUint64(&m[at/64], bit)
			}
		}
	})
}

// may reports whether all of the grams may occur.
func (m marks) may(grams []gram) bool {
	if m == nil {
		return true
	}
	for _, g := range grams {
		for _, at := range g {
			if atomic.LoadUint64(&m[at/64])&(1<<(at%64)) == 0 {
				return false
			}
		}
	}
	return true
}

// eachGram visits the grams of each field of a text: characters, pairs of neighbours, and letters or digits in a row.
func eachGram(text string, visit func(gram)) {
	const start = rune(separator)
	previous, run := start, 0
	for at, r := range text {
		if r == start {
			previous, run = start, 0
			continue
		}
		visit(short(0, r))
		if previous != start {
			visit(short(previous, r))
		}
		previous = r
		if run++; !isLatin(r) {
			run = 0
		}
		if run >= gramLength {
			visit(long(text[at+1-gramLength : at+1]))
		}
	}
}

// short returns the gram of a pair, or of a single character if first is 0.
func short(first, second rune) gram {
	n := hash(uint64(first)<<32 | uint64(second)) //nolint:gosec // characters are not negative
	return gram{uint32(n % pairBits), uint32(n >> 32 % pairBits)}
}

// long returns the gram of letters and digits in a row.
func long(text string) gram {
	n := uint64(0)
	for i := range len(text) {
		n = n<<8 | uint64(text[i])
	}
	n = hash(n)
	return gram{pairBits + uint32(n%longBits), pairBits + uint32(n>>32%longBits)}
}

// hash spreads numbers over all bits.
func hash(n uint64) uint64 {
	n *= 0x9e3779b97f4a7c15
	n ^= n >> 32
	n *= 0xbf58476d1ce4e5b9
	return n ^ n>>32
}

// gramsOf lists the grams that every haystack containing the word has, the longest first, because they are the rarest.
// Pairs imply their characters.
func gramsOf(word string) []gram {
	var list []gram
	run := 0
	for at := range len(word) {
		if run++; !isLatin(rune(word[at])) {
			run = 0
		}
		if run >= gramLength {
			list = append(list, long(word[at+1-gramLength:at+1]))
		}
	}
	previous := rune(0)
	for _, r := range word {
		if previous != 0 || utf8.RuneCountInString(word) == 1 {
			list = append(list, short(previous, r))
		}
		previous = r
	}
	return list
}

// isLatin reports whether r, in normal form or in a key, is a letter or digit that grams are made of.
func isLatin(r rune) bool { return isDigit(r) || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
