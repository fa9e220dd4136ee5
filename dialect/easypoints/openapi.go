package easypoints

import (
	"net/http"
	"strings"

	"noren/web"
	"noren/wire"
)

// newDocument describes the dialect. The schemas of bodies and answers are those of the tables that decode and write
// them, so they cannot differ from what is done.
func (d *Dialect) newDocument(version string) []byte {
	doc := wire.Document{
		Title: "Noren: easyPoints dialect", Version: version,
		Description: "easyPoints 互換のAPI。詳細は dialect/easypoints/README.md を参照してください。",
		Servers:     []wire.APIServer{{URL: "/"}},
		Schemas:     []wire.Property{{Name: "Error", Schema: errorSchema()}},
		Security: []wire.Pair{
			wire.P("basic", wire.Map{
				wire.P("type", "http"), wire.P("scheme", "basic"), wire.P("description", "公開キーと秘密キー"),
			}),
			wire.P("bearer", wire.Map{wire.P("type", "http"), wire.P("scheme", "bearer"), wire.P("description", "秘密キー")}),
		},
	}
	for _, e := range d.endpoints {
		doc.Operations = append(doc.Operations, e.operation())
	}
	return doc.JSON()
}

// operation describes the endpoint. The refusals that every endpoint has are added here, once.
func (e endpoint) operation() wire.Operation {
	op := wire.Operation{
		Method: e.Method, Path: e.Pattern, ID: e.id, Summary: e.summary,
		Responses: []wire.Response{{Status: http.StatusOK, Details: e.summary, Content: jsonOf(e.success)}},
		Scheme:    "basic", OrSchemes: []string{"bearer"}, Scopes: e.Permission.Scopes(),
	}
	if strings.Contains(e.Pattern, "{") {
		op.Parameters = append(op.Parameters, wire.Parameter{
			Name: pathID, In: "path", Schema: wire.TextSchema(""), Details: "顧客のShopify ID。set_balanceではURLエンコードしたメールアドレスも可",
		})
	}
	op.Parameters = append(op.Parameters, e.parameters...)
	refusals := []int{http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound}
	if e.Class == web.Write {
		op.Body = jsonOf(e.body)
		op.Parameters = append(op.Parameters, wire.Parameter{
			Name: web.IdempotencyHeader, In: "header", Schema: wire.TextSchema(""),
			Details: "同じキーと同じ内容の再送には24時間、最初の応答を返します。(Noren独自)",
		})
		refusals = append(refusals, http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge)
	}
	if e.Class == web.Write || len(e.parameters) > 0 {
		refusals = append(refusals, http.StatusUnprocessableEntity)
	}
	refusals = append(refusals, http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable)
	for _, status := range refusals {
		op.Responses = append(op.Responses, wire.Response{
			Status: status, Details: http.StatusText(status), Content: jsonOf(wire.Reference("Error")),
		})
	}
	return op
}

func jsonOf(schema *wire.Schema) *wire.Content {
	return &wire.Content{MediaType: mediaJSON, Schema: schema}
}

// object is an object all of whose properties are always there.
func object(properties ...wire.Property) *wire.Schema {
	s := &wire.Schema{Types: []string{"object"}, Properties: properties}
	for _, p := range properties {
		s.Required = append(s.Required, p.Name)
	}
	return s
}

// maybe is a text that can be null.
func maybe(name, label string) wire.Property {
	return wire.Property{Name: name, Schema: wire.TextSchema(label).OrNull()}
}

// amounts are the three keys by which an amount of money is told.
func amounts() []wire.Property {
	return []wire.Property{
		maybe("amount", "金額 (文字列)"),
		{Name: "currency", Schema: wire.TextSchema("ストアの通貨コード")},
		{Name: "raw_amount", Schema: (&wire.Schema{Types: []string{"number"}, Description: "金額 (数値)"}).OrNull()},
	}
}

// missing are the keys of what is missing to a rank: an amount, and the spend that the rank takes.
func missing(more ...wire.Property) *wire.Schema {
	requirement := object(amounts()...)
	requirement.Description = "必要な購入金額"
	return object(append(append(amounts(), wire.Property{Name: "spent_requirement", Schema: requirement}), more...)...)
}

func deadline() wire.Property {
	return wire.Property{Name: "deadline", Schema: (&wire.Schema{
		Types: []string{"string"}, Format: "date-time", Description: "会員ランクの更新期限",
	}).OrNull()}
}

func advancementSchema() *wire.Schema {
	step := missing(
		wire.Property{Name: "name", Schema: wire.TextSchema("会員ランク名")},
		wire.Property{Name: "ratio", Schema: &wire.Schema{Types: []string{"number"}, Description: "ポイント還元率"}},
		wire.Property{Name: "uid", Schema: wire.TextSchema("会員ランクid")},
	)
	s := missing(deadline(), maybe("tier_name", "会員ランク名"), maybe("tier_uid", "会員ランクid"),
		wire.Property{Name: "tiers", Schema: wire.ArrayOf(step)})
	s.Description = "次のランクまでの残り。最上位ランクではnull"
	return s
}

func maintenanceSchema() *wire.Schema {
	s := missing(deadline())
	s.Description = "現在のランクの維持に必要な残り"
	return s
}

// errorSchema is the envelope of every error.
func errorSchema() *wire.Schema {
	entry := &wire.Schema{Types: []string{"string", "object"}, Description: "422ではdetail, source.pointer, titleを持つオブジェクト、他は文字列"}
	return object(
		wire.Property{Name: "errors", Schema: wire.ArrayOf(entry)},
		wire.Property{Name: "status", Schema: wire.IntegerSchema("")}, wire.Property{Name: "title", Schema: wire.TextSchema("")},
	)
}
