package easypoints

import "noren/wire"

// maybe is a text that can be null.
func maybe(name, label string) wire.Property {
	return wire.Prop(name, wire.TextSchema(label).OrNull())
}

// amounts are the three keys of an amount of money.
func amounts() []wire.Property {
	return []wire.Property{
		maybe("amount", "金額 (文字列)"),
		wire.Prop("currency", wire.TextSchema("ストアの通貨コード")),
		wire.Prop("raw_amount", (&wire.Schema{Types: []string{"number"}, Description: "金額 (数値)"}).OrNull()),
	}
}

// missing has the keys of what is missing to a rank: an amount, and the spend that the rank requires.
func missing(more ...wire.Property) *wire.Schema {
	requirement := wire.ObjectOf(amounts()...)
	requirement.Description = "必要な購入金額"
	return wire.ObjectOf(append(append(amounts(), wire.Prop("spent_requirement", requirement)), more...)...)
}

func deadline() wire.Property {
	return wire.Prop("deadline", (&wire.Schema{
		Types: []string{"string"}, Format: "date-time", Description: "会員ランクの更新期限",
	}).OrNull())
}

func advancementSchema() *wire.Schema {
	step := missing(
		wire.Prop("name", wire.TextSchema("会員ランク名")),
		wire.Prop("ratio", &wire.Schema{Types: []string{"number"}, Description: "ポイント還元率"}),
		wire.Prop("uid", wire.TextSchema("会員ランクid")),
	)
	s := missing(deadline(), maybe("tier_name", "会員ランク名"), maybe("tier_uid", "会員ランクid"),
		wire.Prop("tiers", wire.ArrayOf(step)))
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
	return wire.ObjectOf(
		wire.Prop("errors", wire.ArrayOf(entry)),
		wire.Prop("status", wire.IntegerSchema("")), wire.Prop("title", wire.TextSchema("")),
	)
}
