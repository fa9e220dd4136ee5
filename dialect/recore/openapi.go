package recore

import "noren/wire"

// rowsSchema is the body of a bulk request.
func rowsSchema(row *wire.Schema) *wire.Schema {
	s := wire.ArrayOf(row)
	s.MinItems, s.MaxItems = 1, maxRows
	return s
}

func namedSchema(label string) *wire.Schema {
	s := wire.ObjectOf(wire.Prop("id", wire.IntegerSchema("")), wire.Prop("name", wire.TextSchema("")))
	s.Description = label
	return s
}

func pointSchema() *wire.Schema {
	amounts := func() []wire.Property {
		return []wire.Property{
			wire.Prop("total", wire.IntegerSchema("保有ポイント数")), wire.Prop("expires_amount", wire.IntegerSchema("直近で失効するポイント数")),
			wire.Prop("expires_at", wire.IntegerSchema("直近の失効日。nullは失効予定なし").OrNull()),
		}
	}
	typed := &wire.Schema{Types: []string{"string"}, Enum: []any{"DEFAULT", "PAID"}, Description: "ポイントタイプ"}
	detail := wire.ObjectOf(append([]wire.Property{wire.Prop("type", typed), wire.Prop("title", wire.TextSchema("タイプ名"))}, amounts()...)...)
	s := wire.ObjectOf(append(amounts(), wire.Prop("details", wire.ArrayOf(detail)))...)
	s.Description = "ポイント。nullはポイント機能が無効"
	return s.OrNull()
}

func attachmentSchema() *wire.Schema {
	tag := &wire.Schema{Types: []string{"string"}, Description: "タグ"}
	for _, word := range wordsOf(tags()) {
		tag.Enum = append(tag.Enum, word)
	}
	return wire.ObjectOf(
		wire.Prop("id", wire.IntegerSchema("ファイルID")), wire.Prop("file_key", wire.TextSchema("ファイルキー")), wire.Prop("tag", tag),
		wire.Prop("file_name", wire.TextSchema("ファイル名").OrNull()), wire.Prop("url", wire.TextSchema("一時URL")),
		wire.Prop("mime_type", wire.TextSchema("MIMEタイプ")),
	)
}

func errorSchema() *wire.Schema {
	return wire.ObjectOf(wire.Prop("error", wire.ObjectOf(
		wire.Prop("code", wire.TextSchema("VALIDATE_FAILED など")), wire.Prop("message", wire.TextSchema("")),
		wire.Prop("detail", &wire.Schema{Types: []string{"object"}, Description: "項目名とエラー文の配列"}),
	)))
}
