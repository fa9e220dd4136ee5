package noren

import (
	"bytes"
	"encoding/json"
)

// Field is a field of a request that distinguishes absent (leave the stored value), null (clear it) and a value (set
// it). The zero Field is absent.
type Field[T any] struct {
	given bool
	value *T
}

// Set returns a field that sets v.
func Set[T any](v T) Field[T] { return Field[T]{given: true, value: &v} }

// Null returns a field that clears the stored value.
func Null[T any]() Field[T] { return Field[T]{given: true} }

// Given reports whether the field is present, as null or as a value.
func (f Field[T]) Given() bool { return f.given }

// IsNull reports whether the field is present and null.
func (f Field[T]) IsNull() bool { return f.given && f.value == nil }

// Value returns the value and true, or the zero value and false if the field is absent or null.
func (f Field[T]) Value() (T, bool) {
	if f.value == nil {
		var zero T
		return zero, false
	}
	return *f.value, true
}

// Ptr returns a pointer to the value, or nil if the field is absent or null.
func (f Field[T]) Ptr() *T { return f.value }

// MarshalJSON writes null for a null field. The containing struct leaves out absent fields (`omitzero`).
func (f Field[T]) MarshalJSON() ([]byte, error) { return json.Marshal(f.value) }

// UnmarshalJSON makes the field present, as null or as a value.
func (f *Field[T]) UnmarshalJSON(data []byte) error {
	f.given, f.value = true, nil
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	return json.Unmarshal(data, &f.value)
}
