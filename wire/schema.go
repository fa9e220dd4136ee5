package wire

import (
	"encoding/json"
	"fmt"
	"strconv"
)

// Schema is a JSON Schema (2020-12) as used in OpenAPI 3.1. Zero fields are left out.
type Schema struct {
	Ref         string // name of a component; then only Description counts besides
	Types       []string
	Format      string
	Description string
	Pattern     string
	Enum        []any
	MaxLength   int
	MinLength   int
	Min, Max    json.Number
	MinItems    int
	MaxItems    int
	Items       *Schema
	Properties  []Property
	Required    []string
	Example     any
}

// Property is one property of an object's schema.
type Property struct {
	Name   string
	Schema *Schema
}

// Prop returns a property. It makes schemas easy to read in other packages.
func Prop(name string, schema *Schema) Property { return Property{name, schema} }

// ObjectOf returns the schema of an object whose properties are always present.
func ObjectOf(properties ...Property) *Schema {
	s := &Schema{Types: []string{"object"}, Properties: properties}
	for _, p := range properties {
		s.Required = append(s.Required, p.Name)
	}
	return s
}

// Reference returns the schema that refers to the component of that name.
func Reference(name string) *Schema { return &Schema{Ref: name} }

// ArrayOf returns the schema of an array.
func ArrayOf(items *Schema) *Schema { return &Schema{Types: []string{"array"}, Items: items} }

// TextSchema returns the schema of a string.
func TextSchema(description string) *Schema {
	return &Schema{Types: []string{"string"}, Description: description}
}

// FlagSchema returns the schema of a boolean.
func FlagSchema(description string) *Schema {
	return &Schema{Types: []string{"boolean"}, Description: description}
}

// IntegerSchema returns the schema of a JSON integer.
func IntegerSchema(description string) *Schema {
	return &Schema{Types: []string{"integer"}, Description: description}
}

// OrNull allows null.
func (s *Schema) OrNull() *Schema {
	s.Types = append(s.Types, "null")
	// Both keywords have to hold, so an enumeration has to name null too.
	if s.Enum != nil {
		s.Enum = append(s.Enum, nil)
	}
	return s
}

// Map returns the schema as JSON, with its keywords always in the same order.
func (s *Schema) Map() Map {
	var m Map
	add := func(name string, value any, set bool) {
		if set {
			m = append(m, Pair{name, value})
		}
	}
	add("$ref", "#/components/schemas/"+s.Ref, s.Ref != "")
	if len(s.Types) == 1 {
		add("type", s.Types[0], true)
	} else {
		add("type", s.Types, len(s.Types) > 1)
	}
	add("format", s.Format, s.Format != "")
	add("description", s.Description, s.Description != "")
	add("enum", s.Enum, len(s.Enum) > 0)
	add("pattern", s.Pattern, s.Pattern != "")
	add("minLength", s.MinLength, s.MinLength > 0)
	add("maxLength", s.MaxLength, s.MaxLength > 0)
	add("minimum", Raw(s.Min), s.Min != "")
	add("maximum", Raw(s.Max), s.Max != "")
	add("minItems", s.MinItems, s.MinItems > 0)
	add("maxItems", s.MaxItems, s.MaxItems > 0)
	add("required", s.Required, len(s.Required) > 0)
	if s.Items != nil {
		add("items", s.Items.Map(), true)
	}
	if len(s.Properties) > 0 {
		properties := make(Map, len(s.Properties))
		for i, p := range s.Properties {
			properties[i] = Pair{p.Name, p.Schema.Map()}
		}
		add("properties", properties, true)
	}
	// The list of JSON Schema, because OpenAPI 3.1 deprecates its own keyword, example.
	add("examples", []any{s.Example}, s.Example != nil)
	return m
}

// Schema describes the object that the table decodes.
func (t Table[P]) Schema() *Schema { return objectSchema(t.Facts()) }

// objectSchema lists the fields in order. Other keys are allowed, because decoding ignores them.
func objectSchema(fields []Facts) *Schema {
	s := &Schema{Types: []string{"object"}}
	for _, f := range fields {
		s.Properties = append(s.Properties, Property{f.Name, f.Schema()})
		if f.Required {
			s.Required = append(s.Required, f.Name)
		}
	}
	return s
}

// Schema describes the field: everything it accepts, and nothing it refuses, except what only code can express (the
// range of a number in a string, days that do not exist).
func (f Facts) Schema() *Schema {
	s := &Schema{Description: f.Description, Format: f.Format, MaxLength: f.MaxLength}
	if f.NonEmpty {
		s.MinLength = 1
	}
	if f.Pattern != nil {
		s.Pattern = f.Pattern.Expr.String()
	}
	if f.Example != "" {
		s.Example = f.Example
	}
	switch f.Type {
	case TypeInteger:
		s.Types, s.Pattern = []string{"string", "integer"}, `^-?[0-9]+$`
		if f.limited() {
			s.Min, s.Max = json.Number(strconv.FormatInt(f.Min, 10)), json.Number(strconv.FormatInt(f.Max, 10))
			s.Description = fmt.Sprintf("%s (%d..%d)", f.Description, f.Min, f.Max)
			if f.Min >= 0 {
				s.Pattern = `^[0-9]+$`
			}
		}
	case TypeDecimal:
		s.Types, s.Pattern = []string{"string", "number"}, `^[0-9]+(\.[0-9]{1,2})?$`
		if f.limited() {
			s.Min, s.Max = hundredths(f.Min), hundredths(f.Max)
		}
	case TypeEnum:
		f.enumSchema(s)
	case TypeWhole:
		s.Types = []string{"integer"}
		if f.limited() {
			s.Min, s.Max = json.Number(strconv.FormatInt(f.Min, 10)), json.Number(strconv.FormatInt(f.Max, 10))
		}
	case TypeEither: // a minimum does not apply to strings, nor a length to numbers
		s.Types = []string{"string", "integer"}
		if f.limited() {
			s.Min, s.Max = json.Number(strconv.FormatInt(f.Min, 10)), json.Number(strconv.FormatInt(f.Max, 10))
		}
	case TypeFlag:
		s.Types = []string{"boolean"}
	case TypeArray:
		s.Types, s.Items, s.MaxItems = []string{"array"}, f.Items.Schema(), f.MaxItems
	case TypeObject:
		*s = *objectSchema(f.Fields)
		s.Description = f.Description
	default:
		s.Types = []string{"string"}
	}
	if f.Nullable {
		s.OrNull()
	}
	return s
}

// enumSchema allows each word and, if it is a number, the number too.
func (f Facts) enumSchema(s *Schema) {
	s.Types = []string{"string"}
	var numbers []any
	for _, word := range f.Enum {
		s.Enum = append(s.Enum, word)
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			numbers = append(numbers, n)
		}
	}
	if numbers != nil {
		s.Types = append(s.Types, "integer")
		s.Enum = append(s.Enum, numbers...)
	}
}

// hundredths writes a limit in hundredths as the number it stands for.
func hundredths(n int64) json.Number {
	return json.Number(fmt.Sprintf("%d.%02d", n/100, n%100))
}
