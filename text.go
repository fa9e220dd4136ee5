package noren

import (
	"crypto/rand"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"
)

// NewID returns a random identifier of 128 bits in hexadecimal. A transaction that is run again after a commit in doubt
// finds its own work by it.
func NewID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// FoldName returns the form in which names of ranks are compared: trimmed and in lower case.
func FoldName(name string) string { return strings.ToLower(Trimmed(name)) }

// Trimmed returns the text without blanks and what cannot be seen around it, such as a zero width space or a byte order mark.
// U+0000 stays: it is no text, and whoever finds it has something to say.
func Trimmed(text string) string {
	return strings.TrimFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) && r != 0 || unicode.Is(unicode.Cf, r)
	})
}

// mostEnding is the longest ending of a file name that a computer knows, in characters.
const mostEnding = 10

// FileEnding returns the ending by which a computer chooses the program for a file, in lower case and without its dot; "" if the name has
// none, such as 見積書 ver.2: an ending is of letters and digits of ASCII.
func FileEnding(name string) string {
	name = strings.TrimRightFunc(Trimmed(name), func(r rune) bool { return r == '.' || unicode.IsSpace(r) }) // Windows leaves them out, too
	ending := strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
	letters := strings.Trim(ending, "0123456789") != ""
	if len(ending) == len(name) || len(ending) > mostEnding || !letters || strings.Trim(ending, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
		return ""
	}
	return ending
}

func Deref[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

const MaxExternalID = 100 // characters

// IsExternalID reports whether s can be an id that a source assigned.
func IsExternalID(s string) bool {
	return s != "" && len(s) <= 4*MaxExternalID && utf8.RuneCountInString(s) <= MaxExternalID && canBeStored(s)
}

// canBeStored reports whether every engine can store and look up s: UTF-8 without U+0000.
func canBeStored(s string) bool { return Storable(s) == s }

// Storable returns the text without what databases cannot keep as text.
func Storable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "")
}

// Shortened returns the text cut to at most that many characters.
func Shortened(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most]) + "…"
}

func HasID[T any](list []T, id int64, of func(T) int64) bool {
	for _, x := range list {
		if of(x) == id {
			return true
		}
	}
	return false
}
