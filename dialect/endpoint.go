package dialect

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"noren/web"
	"noren/wire"
)

// Handler handles the requests of one endpoint.
type Handler = func(ctx context.Context, x *web.Request) (web.Answer, error)

// Endpoint is one row of a dialect's table: a route, and what the document says about it beyond what follows from the
// route. The methods below return the row with more details.
type Endpoint struct {
	web.Route
	doc     wire.Operation
	refuses []int
}

// Get returns an endpoint that changes nothing.
func Get(path string, p web.Permission, handle Handler) Endpoint {
	return Endpoint{Route: web.Route{Method: http.MethodGet, Pattern: path, Permission: p, Class: web.Read, Handle: handle}}
}

// Write returns an endpoint that changes something.
func Write(method, path string, p web.Permission, handle Handler) Endpoint {
	return Endpoint{Route: web.Route{Method: method, Pattern: path, Permission: p, Class: web.Write, Handle: handle}}
}

// Says sets the operation's name for programs and its summary for people.
func (e Endpoint) Says(id, summary string) Endpoint {
	e.doc.ID, e.doc.Summary = id, summary
	return e
}

// At sets the endpoint's servers, if they are not those of the others.
func (e Endpoint) At(servers ...wire.APIServer) Endpoint {
	e.doc.Servers = servers
	return e
}

// ProvenBy names the scheme with which the handler of a public route authenticates the caller itself.
func (e Endpoint) ProvenBy(scheme string) Endpoint {
	e.doc.Scheme = scheme
	return e
}

// Asks adds parameters to those that follow from the path and the class.
func (e Endpoint) Asks(parameters ...wire.Parameter) Endpoint {
	// Clipped, so that two rows that were made from one do not append into the same memory.
	e.doc.Parameters = append(slices.Clip(e.doc.Parameters), parameters...)
	return e
}

// Takes describes the body of requests.
func (e Endpoint) Takes(body *wire.Content) Endpoint {
	e.doc.Body = body
	return e
}

// LeavesTrace says that the endpoint writes into the audit log, although it changes nothing.
func (e Endpoint) LeavesTrace() Endpoint {
	e.Traced = true
	return e
}

// UpTo sets the largest body, in bytes.
func (e Endpoint) UpTo(bytes int64) Endpoint {
	e.BodyLimit = bytes
	return e
}

// Returns describes the response of one status. Without details it has the words of the status, and a success the
// summary of the endpoint.
func (e Endpoint) Returns(responses ...wire.Response) Endpoint {
	e.doc.Responses = append(slices.Clip(e.doc.Responses), responses...)
	return e
}

// Refuses adds statuses with the body that all refusals of the dialect have.
func (e Endpoint) Refuses(statuses ...int) Endpoint {
	e.refuses = append(slices.Clip(e.refuses), statuses...)
	return e
}

// OK describes a 200 with a JSON body and these headers; nil: without a body.
func OK(body *wire.Schema, headers ...wire.Parameter) wire.Response {
	r := wire.Response{Status: http.StatusOK, Headers: headers}
	if body != nil {
		r.Content = wire.JSONContent(body)
	}
	return r
}

// keyed reports whether the endpoint takes an Idempotency-Key: web ignores the key if the caller is not known.
func (e Endpoint) keyed() bool { return e.Class == web.Write && !e.Permission.IsPublic() }

// operation describes the endpoint, including what all endpoints of its kind have.
func (s Spec) operation(e Endpoint) wire.Operation {
	op := e.doc
	op.Method, op.Path = e.Method, e.Pattern
	if plans := e.Permission.Plans(); len(plans) > 0 {
		names := make([]string, len(plans))
		for i, p := range plans {
			names[i] = string(p)
		}
		op.Details = "対象プラン: " + strings.Join(names, ", ")
	}
	op.Parameters = append(s.pathParameters(e.Pattern), op.Parameters...)
	if e.keyed() {
		op.Parameters = append(op.Parameters, wire.Parameter{
			Name: web.IdempotencyHeader, In: "header", Schema: wire.TextSchema(""),
			Details: "同じキーと同じ内容の再送には24時間、最初の応答を返します。(Noren独自)",
		})
	}
	if !e.Permission.IsPublic() {
		op.Parameters = append(op.Parameters, s.Header...)
		op.Scopes = e.Permission.Scopes()
		// Any one of the schemes is enough; OpenAPI writes that as alternatives.
		op.Scheme = s.Security[0].Name
		for _, other := range s.Security[1:] {
			op.OrSchemes = append(op.OrSchemes, other.Name)
		}
	}
	op.Responses = s.responses(e)
	return op
}

// pathParameters describes the {names} of a path.
func (s Spec) pathParameters(path string) []wire.Parameter {
	var parameters []wire.Parameter
	for part := range strings.SplitSeq(path, "/") {
		name, isName := strings.CutPrefix(part, "{")
		if !isName {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		p := wire.Parameter{Name: name, Schema: wire.TextSchema("")}
		at := slices.IndexFunc(s.Names, func(p wire.Parameter) bool { return p.Name == name })
		switch {
		case at >= 0:
			p = s.Names[at]
		case strings.HasSuffix(name, "_id"):
			p.Schema = wire.IntegerSchema("") // only in bodies are some ids strings
		}
		p.In = "path"
		parameters = append(parameters, p)
	}
	return parameters
}

// responses lists the statuses in order: those that the endpoint describes, and its refusals.
func (s Spec) responses(e Endpoint) []wire.Response {
	described := slices.Clone(e.doc.Responses)
	// What the endpoint describes itself wins.
	for _, status := range append(s.webRefusals(e), e.refuses...) {
		if !slices.ContainsFunc(described, func(r wire.Response) bool { return r.Status == status }) {
			described = append(described, wire.Response{Status: status, Content: s.Refusal})
		}
	}
	for i := range described {
		r := &described[i]
		switch {
		case r.Details != "":
		case r.Status < http.StatusMultipleChoices:
			r.Details = e.doc.Summary
		default:
			r.Details = http.StatusText(r.Status)
		}
	}
	slices.SortFunc(described, func(a, b wire.Response) int { return a.Status - b.Status })
	return described
}

// webRefusals are the statuses with which the server itself can refuse a request of this endpoint.
func (s Spec) webRefusals(e Endpoint) []int {
	statuses := []int{http.StatusInternalServerError, http.StatusServiceUnavailable}
	if !e.Permission.IsPublic() {
		statuses = append(statuses, s.Denied...)
	}
	if e.Class == web.Write {
		statuses = append(statuses, http.StatusRequestEntityTooLarge)
	}
	if e.keyed() {
		statuses = append(statuses, http.StatusConflict)
	}
	// Without a limit of its class the endpoint never answers 429, and does not promise it.
	limit := s.RateLimits.Read
	if e.Class == web.Write {
		limit = s.RateLimits.Write
	}
	if limit.PerSecond > 0 {
		statuses = append(statuses, http.StatusTooManyRequests)
	}
	return statuses
}

// document describes the dialect as OpenAPI.
func (s Spec) document() []byte {
	doc := wire.Document{
		Title: s.Title, Version: s.Version, Description: s.Description, Servers: s.Servers, Schemas: s.Schemas, Security: s.Security,
	}
	if doc.Servers == nil {
		doc.Servers = []wire.APIServer{{URL: "/"}}
	}
	for _, e := range s.Endpoints {
		doc.Operations = append(doc.Operations, s.operation(e))
	}
	return doc.JSON()
}
