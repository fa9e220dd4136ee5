package noren

import (
	"bytes"
	"encoding/json"
)

// Field is one field of a request that keeps three things apart in every dialect: absent (leave what is
// stored unchanged), null (clear it) and a value (set it). The zero Field is absent.
type Field[T any] struct {
	given bool
	value *T
}

// Set is a field that sets v.
func Set[T any](v T) Field[T] { return Field[T]{given: true, value: &v} }

// Null is a field that clears what is stored.
func Null[T any]() Field[T] { return Field[T]{given: true} }

// SetOrNull is Set where v points to a value and Null where it is nil.
func SetOrNull[T any](v *T) Field[T] { return Field[T]{given: true, value: v} }

// Given reports whether the field is present, as null or as a value.
func (f Field[T]) Given() bool { return f.given }

// IsNull reports whether the field is present and null.
func (f Field[T]) IsNull() bool { return f.given && f.value == nil }

// Value answers the value and true, or the zero value and false where the field is absent or null.
func (f Field[T]) Value() (T, bool) {
	if f.value == nil {
		var zero T
		return zero, false
	}
	return *f.value, true
}

// Ptr answers a pointer to the value, or nil where the field is absent or null.
func (f Field[T]) Ptr() *T { return f.value }

// MarshalJSON writes null for a field that is null. Absent fields are left out by the holder (`omitzero`).
func (f Field[T]) MarshalJSON() ([]byte, error) { return json.Marshal(f.value) }

// UnmarshalJSON makes the field present: null or a value.
func (f *Field[T]) UnmarshalJSON(data []byte) error {
	f.given, f.value = true, nil
	if bytes.Equal(data, []byte("null")) {
		return nil
	}
	return json.Unmarshal(data, &f.value)
}
