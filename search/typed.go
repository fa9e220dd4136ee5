package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"noren/lenient"
)

// Keys are numbers and days by which people look for a member in one of many forms. Typed finds them, NewQuery does not.
type Keys struct {
	Phones     []string
	PostalCode string
	BirthDate  string // YYYY-MM-DD
	ShopifyID  string
	CustomerNo string // half-width letters, digits and signs
}

// Keys are written in capital letters, which are in no normal form, so that the words of a keyword do not meet them. The digits
// of telephone numbers, of which a part is enough, have other letters than those of the rest. A capital comes before each key.
const (
	phoneZero  = 'A' // to J
	otherZero  = 'K' // to T
	birthKey   = "U"
	postalKey  = "V"
	shopifyKey = "W"
	phoneKey   = "X"
	numberKey  = "Y" // customer number
)

// The least digits by which keys are looked for. Fewer occur in too many of them.
const (
	leastPhone   = 4
	leastShopify = 6
	postalDigits = 7
)

// With returns the haystack with the keys. What the haystack has in the same form already takes no room again.
func (k Keys) With(haystack string) string {
	var b strings.Builder
	for _, phone := range k.Phones {
		plain := normalize(phone)
		if digits := lenient.Dialled(plain); digits != plain && len(digits) >= leastPhone {
			b.WriteString(phoneKey + capitals(digits, phoneZero))
		}
	}
	if postal := postalCode(k.PostalCode); postal != "" {
		b.WriteString(postalKey + capitals(postal, otherZero))
	}
	if k.BirthDate != "" {
		b.WriteString(birthKey + capitals(k.BirthDate, otherZero))
	}
	if k.ShopifyID != "" {
		b.WriteString(shopifyKey + capitals(k.ShopifyID, otherZero))
	}
	if number := customerNumber(k.CustomerNo); number != "" {
		b.WriteString(numberKey + number)
	}
	if b.Len() == 0 || haystack == "" {
		return haystack + b.String()
	}
	return haystack + string(separator) + b.String()
}

// capitals returns the digits of the text as capital letters from zero on.
func capitals(text string, zero rune) string {
	return strings.Map(func(r rune) rune {
		if isDigit(r) {
			return r - '0' + zero
		}
		return -1
	}, text)
}

// customerNumber returns the digits and letters of a customer number as a key has them: digits as capitals, and letters, of which there
// are too many for that, as control characters, which are in no normal form either.
func customerNumber(text string) string {
	const half = 'r' // the letters behind it have the low control characters, without those for line ends
	return strings.Map(func(r rune) rune {
		switch {
		case isDigit(r):
			return r - '0' + otherZero
		case r >= 'a' && r <= half:
			return r - 'a' + '\x0e'
		case r > half && r <= 'z':
			return r - half
		}
		return -1
	}, normalize(text))
}

// isWholePhone reports whether the digits are a telephone number from its beginning to its end.
func isWholePhone(digits string) bool {
	return strings.HasPrefix(digits, "0") && (len(digits) == 10 || len(digits) == 11)
}

// postalCode returns the seven digits of a postal code; empty if the text is none.
func postalCode(text string) string {
	text = strings.TrimLeft(normalize(text), "〒-")
	if len(text) != postalDigits || strings.ContainsFunc(text, func(r rune) bool { return !isDigit(r) }) {
		return ""
	}
	return text
}

// Typed is NewQuery for what a person types: in addition it finds telephone numbers with any signs, blanks or +81 in them, whole
// postal codes and birthdays in any form, and customer numbers, also those of Shopify, from their beginning.
func Typed(keyword string) Query {
	texts := slices.Collect(strings.FieldsFuncSeq(strings.ToValidUTF8(keyword, ""), unicode.IsSpace))
	if len(texts) > 1 {
		texts = slices.DeleteFunc(texts, func(text string) bool { return text == "〒" })
	}
	return newQuery(joinNumbers(texts), typedForms)
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r >= utf8.RuneSelf })
}

// joinNumbers joins texts that are parts of one telephone number, or of a postal code as in 100 0001.
func joinNumbers(texts []string) (joined []string) {
	whole := func(text string) bool {
		return isWholePhone(lenient.Dialled(normalize(text))) || postalCode(text) != ""
	}
	for len(texts) > 0 {
		n := len(texts)
		for n > 1 && !whole(strings.Join(texts[:n], "-")) {
			n--
		}
		joined, texts = append(joined, strings.Join(texts[:n], "-")), texts[n:]
	}
	return joined
}

// typedForms returns how haystacks may have what a text means, besides the text itself.
func typedForms(text string) (forms []string) {
	normal := normalize(text)
	if digits := lenient.Dialled(normal); len(digits) >= leastPhone {
		forms = append(forms, digits, capitals(digits, phoneZero))
		if digits == normal && len(digits) >= leastShopify {
			forms = append(forms, shopifyKey+capitals(digits, otherZero))
		}
	}
	if postal := postalCode(text); postal != "" {
		forms = append(forms, postalKey+capitals(postal, otherZero))
	}
	if number := customerNumber(text); number != "" && isASCII(normal) {
		forms = append(forms, numberKey+number)
	}
	if day, wrong := lenient.Date(text); wrong == nil {
		forms = append(forms, birthKey+capitals(string(day), otherZero))
	}
	return forms
}
