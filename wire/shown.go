package wire

import "slices"

// Shown is one key of a response: where its value comes from, and what the schema says about it. Value returns what
// Append accepts.
type Shown[T any] struct {
	Name        string
	Value       func(T) any
	Nullable    bool
	Format      string
	Enum        []string
	Description string
	Schema      *Schema // nil: a string with the facts above
}

// View has the keys of one kind of response, in the order in which they are written.
type View[T any] []Shown[T]

// Only returns the view with only the named keys, in the view's order; all keys if names is empty.
func (v View[T]) Only(names []string) View[T] {
	if len(names) == 0 {
		return v
	}
	// In the view's order, which is the document's, and not in that of the request.
	var some View[T]
	for _, s := range v {
		if slices.Contains(names, s.Name) {
			some = append(some, s)
		}
	}
	return some
}

// Append appends x as an object to dst.
func (v View[T]) Append(dst []byte, x T) []byte {
	dst = append(dst, '{')
	for i, s := range v {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(dst, s.Name)
		dst = append(dst, ':')
		dst = Append(dst, s.Value(x))
	}
	return append(dst, '}')
}

// List writes the items as an array.
func (v View[T]) List(items []T) []byte {
	dst := []byte{'['}
	for i, x := range items {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = v.Append(dst, x)
	}
	return append(dst, ']')
}

// Schema describes the object with all keys. None is required, because a caller may ask for only some of them.
func (v View[T]) Schema() *Schema {
	s := &Schema{Types: []string{"object"}}
	for _, k := range v {
		s.Properties = append(s.Properties, Property{k.Name, k.schema()})
	}
	return s
}

func (k Shown[T]) schema() *Schema {
	if k.Schema != nil {
		return k.Schema
	}
	s := &Schema{Types: []string{"string"}, Format: k.Format, Description: k.Description}
	for _, word := range k.Enum {
		s.Enum = append(s.Enum, word)
	}
	if k.Nullable {
		s.OrNull()
	}
	return s
}
