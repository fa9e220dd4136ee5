package wire

import "noren"

// Whole is a field that holds an integer, written as a JSON integer. (Integer accepts strings too.)
func Whole[P any](name string, set Setter[P, int64]) Field[P] {
	return newField(Facts{Name: name, Type: TypeWhole}, parseWhole, set)
}

// TextOrWhole is the value of a field that accepts a string or a JSON integer with different meanings: "1" is not 1.
type TextOrWhole struct {
	Text    string
	Whole   int64
	IsWhole bool
}

// Either is a field that holds a TextOrWhole. Limits of length apply to the string, limits of size to the integer.
func Either[P any](name string, set Setter[P, TextOrWhole]) Field[P] {
	return newField(Facts{Name: name, Type: TypeEither}, func(facts *Facts, v Value) (TextOrWhole, Code) {
		// The JSON type decides, so a text of digits stays a text.
		if text, isText := v.Text(); isText {
			return TextOrWhole{Text: text}, CheckText(facts, text)
		}
		n, code := parseWhole(facts, v)
		return TextOrWhole{Whole: n, IsWhole: true}, code
	}, set)
}

// Flag is a field that is true or false.
func Flag[P any](name string, set Setter[P, bool]) Field[P] {
	return newField(Facts{Name: name, Type: TypeFlag}, func(_ *Facts, v Value) (bool, Code) {
		literal := string(v.Raw())
		if literal != "true" && literal != "false" {
			return false, WrongType
		}
		return literal == "true", ""
	}, set)
}

// Wholes is a field that holds an array of at most that many JSON integers.
func Wholes[P any](name string, most int, set Setter[P, []int64]) Field[P] {
	item := Facts{Name: name, Type: TypeWhole}
	return newField(Facts{Name: name, Type: TypeArray, Items: &item, MaxItems: most}, parseItems(parseWhole), set)
}

// Texts is a field that holds an array of at most that many strings.
func Texts[P any](name string, most int, set Setter[P, []string]) Field[P] {
	item := Facts{Name: name, Type: TypeText}
	return newField(Facts{Name: name, Type: TypeArray, Items: &item, MaxItems: most}, parseItems(parseText), set)
}

// MapTo sets a noren.Field of another type than the decoded one.
func MapTo[P, T, U any](ref func(*P) *noren.Field[U], convert func(T) U) Setter[P, T] {
	return func(p *P, v noren.Field[T]) {
		if value, ok := v.Value(); ok {
			*ref(p) = noren.Set(convert(value))
		} else {
			*ref(p) = noren.Null[U]()
		}
	}
}

func parseWhole(facts *Facts, v Value) (int64, Code) {
	literal, ok := v.Number()
	if !ok {
		return 0, WrongType
	}
	return CheckInteger(facts, literal)
}

// parseItems parses an array. The problem of its first bad item is the problem of the array.
func parseItems[T any](parse func(*Facts, Value) (T, Code)) func(*Facts, Value) ([]T, Code) {
	return func(facts *Facts, v Value) ([]T, Code) {
		// What is over the limit is counted and not kept.
		values, n, ok := v.Array(facts.MaxItems)
		if !ok {
			return nil, WrongType
		}
		if n > facts.MaxItems {
			return nil, TooManyItems
		}
		items := make([]T, len(values))
		for i, value := range values {
			item, code := parse(facts.Items, value)
			if code != "" {
				return nil, code
			}
			items[i] = item
		}
		return items, ""
	}
}
