package wire

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Document describes one dialect as OpenAPI 3.1. Its JSON is always the same: everything is written in the order given
// here.
type Document struct {
	Title, Version, Description string
	Servers                     []APIServer
	Operations                  []Operation
	Schemas                     []Property
	Security                    []Pair // scheme by name
}

// APIServer is one base URL; Variables has a default for each {name} in it.
type APIServer struct {
	URL       string
	Variables []Pair
}

// Operation is one method of one path.
type Operation struct {
	Method, Path         string
	ID, Summary, Details string
	Servers              []APIServer // nil: the document's
	Parameters           []Parameter
	Body                 *Content
	Responses            []Response
	Scheme               string   // name of the security scheme; "": anybody may call it
	OrSchemes            []string // names of schemes that are enough as well
	Scopes               []string // any one of these is enough: each becomes an alternative of its own
}

// Parameter is one parameter in the path, the query or a header. Those in the path are required.
type Parameter struct {
	Name, In string
	Schema   *Schema
	Details  string
}

// Content is a body's media type and schema.
type Content struct {
	MediaType string
	Schema    *Schema
}

// MediaJSON is the media type of JSON.
const MediaJSON = "application/json"

// JSONContent is a JSON body with that schema.
func JSONContent(schema *Schema) *Content { return &Content{MediaType: MediaJSON, Schema: schema} }

// QueryParameter describes a query parameter by the facts of its value. A value that JSON may write as a number or as a
// string is a number here.
func QueryParameter(f Facts) Parameter {
	p := Parameter{Name: f.Name, In: "query", Details: f.Description}
	// A parameter has a description of its own, beside its schema.
	f.Description = ""
	p.Schema = f.Schema()
	if f.Type == TypeInteger {
		p.Schema.Types, p.Schema.Pattern, p.Schema.Description = []string{"integer"}, "", ""
	}
	return p
}

// Response is what one status means.
type Response struct {
	Status  int
	Details string
	Headers []Parameter
	Content *Content // nil: no body
}

// JSON writes the document with indentation.
func (d Document) JSON() []byte {
	doc := Map{
		{"openapi", "3.1.0"},
		{"info", Map{{"title", d.Title}, {"version", d.Version}, {"description", d.Description}}},
		{"servers", servers(d.Servers)},
		{"paths", d.paths()},
		{"components", d.components()},
	}
	// Written compactly first, so that there is one way to write JSON.
	text := JSON(doc)
	indented, err := jsontext.AppendFormat(nil, text, jsontext.WithIndent("  "))
	if err != nil {
		panic("wire: an OpenAPI document that is not JSON: " + err.Error()) // the only input is code
	}
	return append(indented, '\n')
}

// servers writes base URLs. A variable has no list of values, only a default that a reader can try.
func servers(list []APIServer) []Map {
	out := make([]Map, len(list))
	for i, s := range list {
		out[i] = Map{{"url", s.URL}}
		var variables Map
		for _, v := range s.Variables {
			variables = append(variables, Pair{v.Name, Map{{"default", v.Value}}})
		}
		if variables != nil {
			out[i] = append(out[i], Pair{"variables", variables})
		}
	}
	return out
}

// paths groups the operations by path, in the order in which the paths first occur.
func (d Document) paths() Map {
	var list []string
	methods := make(map[string]Map)
	for _, op := range d.Operations {
		// The order of the endpoints is that of the documents, which a map would lose.
		if methods[op.Path] == nil {
			list = append(list, op.Path)
		}
		methods[op.Path] = append(methods[op.Path], Pair{strings.ToLower(op.Method), op.json()})
	}
	paths := make(Map, len(list))
	for i, path := range list {
		paths[i] = Pair{path, methods[path]}
	}
	return paths
}

// components are what operations refer to: the schemas, and how callers authenticate.
func (d Document) components() Map {
	schemas := make(Map, len(d.Schemas))
	for i, s := range d.Schemas {
		schemas[i] = Pair{s.Name, s.Schema.Map()}
	}
	return Map{{"schemas", schemas}, {"securitySchemes", Map(d.Security)}}
}

// json writes the operation. An operation that anybody may call has an empty security list. Without a list the
// document's own would apply.
func (op Operation) json() Map {
	m := Map{{"operationId", op.ID}, {"summary", op.Summary}}
	if op.Details != "" {
		m = append(m, Pair{"description", op.Details})
	}
	if op.Servers != nil {
		m = append(m, Pair{"servers", servers(op.Servers)})
	}
	if len(op.Parameters) > 0 {
		list := make([]Map, len(op.Parameters))
		for i, p := range op.Parameters {
			list[i] = append(Map{{"name", p.Name}, {"in", p.In}}, p.json(p.In == "path")...)
		}
		m = append(m, Pair{"parameters", list})
	}
	if op.Body != nil {
		m = append(m, Pair{"requestBody", Map{{"required", true}, {"content", op.Body.json()}}})
	}
	responses := make(Map, len(op.Responses))
	for i, r := range op.Responses {
		responses[i] = Pair{strconv.Itoa(r.Status), r.json()}
	}
	return append(m, Pair{"responses", responses}, Pair{"security", op.security()})
}

// security writes each scope as an alternative of its own, because one of them is enough; scopes inside one alternative
// would all be required.
func (op Operation) security() []Map {
	alternatives := []Map{}
	for _, scope := range op.Scopes {
		for _, scheme := range append([]string{op.Scheme}, op.OrSchemes...) {
			alternatives = append(alternatives, Map{{scheme, []string{scope}}})
		}
	}
	if op.Scheme != "" && len(op.Scopes) == 0 {
		alternatives = append(alternatives, Map{{op.Scheme, []string{}}})
	}
	return alternatives
}

// json writes what parameters and headers share. Only parameters in a path are marked as required.
func (p Parameter) json(required bool) Map {
	var m Map
	if required {
		m = append(m, Pair{"required", true})
	}
	if p.Details != "" {
		m = append(m, Pair{"description", p.Details})
	}
	return append(m, Pair{"schema", p.Schema.Map()})
}

// json writes the body's only media type.
func (c Content) json() Map {
	return Map{{c.MediaType, Map{{"schema", c.Schema.Map()}}}}
}

// json writes the response. The description is all that OpenAPI requires of every response.
func (r Response) json() Map {
	m := Map{{"description", r.Details}}
	if len(r.Headers) > 0 {
		headers := make(Map, len(r.Headers))
		for i, h := range r.Headers {
			headers[i] = Pair{h.Name, h.json(false)}
		}
		m = append(m, Pair{"headers", headers})
	}
	if r.Content != nil {
		m = append(m, Pair{"content", r.Content.json()})
	}
	return m
}
