package recore

import (
	"net/http"
	"strings"

	"noren/web"
	"noren/wire"
)

// newDocument describes the dialect. The schemas of bodies and answers are those of the tables that decode and write
// them, so they cannot differ from what is done.
func (d *Dialect) newDocument() []byte {
	doc := wire.Document{
		Title: "Noren: ReCORE dialect", Version: d.Version,
		Description: "ReCORE.co-api (会員) 互換のAPI。詳細は dialect/recore/README.md を参照してください。",
		Servers:     []wire.APIServer{{URL: "/"}},
		Schemas: []wire.Property{
			property("Member", d.view.Schema()), property("Note", noteView().Schema()), property("Staff", staffView().Schema()),
			property("Attachment", attachmentSchema()), property("Error", errorSchema()),
		},
		Security: []wire.Pair{wire.P("key", wire.Map{
			wire.P("type", "apiKey"), wire.P("in", "header"), wire.P("name", headerKey), wire.P("description", "APIキー (JWT)"),
		})},
	}
	for _, e := range d.endpoints {
		doc.Operations = append(doc.Operations, e.operation())
	}
	return doc.JSON()
}

func (e endpoint) operation() wire.Operation {
	op := wire.Operation{
		Method: e.Method, Path: e.Pattern, ID: e.id, Summary: e.summary, Parameters: e.parameters, Body: e.body,
		Responses: []wire.Response{e.success},
	}
	refusals := []int{http.StatusForbidden, http.StatusNotFound}
	if e.Pattern != pathFile {
		op.Scheme, op.Scopes = "key", e.Permission.Scopes()
		op.Parameters = append(op.Parameters, wire.Parameter{
			Name: headerStore, In: "header", Schema: wire.IntegerSchema(""), Details: "店舗ID。APIキーにstore_idがない場合のみ",
		})
		refusals = append(refusals, http.StatusBadRequest)
	}
	if e.Class == web.Write {
		refusals = append(refusals, http.StatusConflict, http.StatusRequestEntityTooLarge)
	}
	if e.body != nil && e.Stream == nil {
		refusals = append(refusals, http.StatusUnprocessableEntity)
	}
	refusals = append(refusals, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)
	for _, status := range refusals {
		op.Responses = append(op.Responses, wire.Response{
			Status: status, Details: http.StatusText(status),
			Content: &wire.Content{MediaType: mediaJSON, Schema: wire.Reference("Error")},
		})
	}
	return op
}

// pathParameters describes the {names} of a path.
func pathParameters(path string) []wire.Parameter {
	var parameters []wire.Parameter
	for part := range strings.SplitSeq(path, "/") {
		name, isName := strings.CutPrefix(part, "{")
		if !isName {
			continue
		}
		name = strings.TrimSuffix(name, "}")
		schema := wire.TextSchema("")
		if strings.HasSuffix(name, "_id") {
			schema = wire.IntegerSchema("")
		}
		parameters = append(parameters, wire.Parameter{Name: name, In: "path", Schema: schema})
	}
	return parameters
}

func property(name string, schema *wire.Schema) wire.Property {
	return wire.Property{Name: name, Schema: schema}
}

// object is an object all of whose properties are always there.
func object(properties ...wire.Property) *wire.Schema {
	s := &wire.Schema{Types: []string{"object"}, Properties: properties}
	for _, p := range properties {
		s.Required = append(s.Required, p.Name)
	}
	return s
}

// rowsSchema is the body of a bulk request.
func rowsSchema(row *wire.Schema) *wire.Schema {
	s := wire.ArrayOf(row)
	s.MinItems, s.MaxItems = 1, maxRows
	return s
}

func namedSchema(label string) *wire.Schema {
	s := object(property("id", wire.IntegerSchema("")), property("name", wire.TextSchema("")))
	s.Description = label
	return s
}

func pointSchema() *wire.Schema {
	amounts := func() []wire.Property {
		return []wire.Property{
			property("total", wire.IntegerSchema("保有ポイント数")), property("expires_amount", wire.IntegerSchema("直近で失効するポイント数")),
			property("expires_at", wire.IntegerSchema("直近の失効日。nullは失効予定なし").OrNull()),
		}
	}
	typed := &wire.Schema{Types: []string{"string"}, Enum: []any{"DEFAULT", "PAID"}, Description: "ポイントタイプ"}
	detail := object(append([]wire.Property{property("type", typed), property("title", wire.TextSchema("タイプ名"))}, amounts()...)...)
	s := object(append(amounts(), property("details", wire.ArrayOf(detail)))...)
	s.Description = "ポイント。nullはポイント機能が無効"
	return s.OrNull()
}

func attachmentSchema() *wire.Schema {
	tag := &wire.Schema{Types: []string{"string"}, Description: "タグ"}
	for _, word := range wordsOf(tags()) {
		tag.Enum = append(tag.Enum, word)
	}
	return object(
		property("id", wire.IntegerSchema("ファイルID")), property("file_key", wire.TextSchema("ファイルキー")), property("tag", tag),
		property("file_name", wire.TextSchema("ファイル名").OrNull()), property("url", wire.TextSchema("一時URL")),
		property("mime_type", wire.TextSchema("MIMEタイプ")),
	)
}

func errorSchema() *wire.Schema {
	return object(property("error", object(
		property("code", wire.TextSchema("VALIDATE_FAILED など")), property("message", wire.TextSchema("")),
		property("detail", &wire.Schema{Types: []string{"object"}, Description: "項目名とエラー文の配列"}),
	)))
}
