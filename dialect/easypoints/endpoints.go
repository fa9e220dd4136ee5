package easypoints

import (
	"net/http"

	"noren"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// spec describes the dialect. The schemas of bodies and responses come from the tables that decode and write them, so
// they cannot differ from what is done.
func (d *Dialect) spec(version string) dialect.Spec {
	return dialect.Spec{
		Name: noren.EasyPoints, Title: "Noren: easyPoints dialect", Version: version,
		Description: "easyPoints 互換のAPI。詳細は dialect/easypoints/README.md を参照してください。",
		// Ours: the documents name no rate limit.
		RateLimits: web.RateLimits{Read: web.RateLimit{PerSecond: 50}, Write: web.RateLimit{PerSecond: 20}},
		Security: []wire.Pair{
			wire.P("basic", wire.Map{
				wire.P("type", "http"), wire.P("scheme", "basic"), wire.P("description", "公開キーと秘密キー"),
			}),
			wire.P("bearer", wire.Map{wire.P("type", "http"), wire.P("scheme", "bearer"), wire.P("description", "秘密キー")}),
		},
		Names: []wire.Parameter{{
			Name: pathID, Schema: wire.TextSchema(""), Details: "顧客のShopify ID。set_balanceではURLエンコードしたメールアドレスも可",
		}},
		Denied:    []int{http.StatusUnauthorized, http.StatusForbidden},
		Refusal:   wire.JSONContent(wire.Reference("Error")),
		Schemas:   []wire.Property{wire.Prop("Error", errorSchema())},
		Endpoints: d.endpoints(),
	}
}

// endpoints lists every endpoint with its scope. README.md has the same table with the sources.
func (d *Dialect) endpoints() []dialect.Endpoint {
	const one = base + "/point_balances/{" + pathID + "}"
	tier, balance, allotment := d.tables.tier.Schema(), d.tables.balance.Schema(), d.tables.allotment.Schema()
	tierSet, balanceSet := data(tierSetView().Schema()), data(balanceSetView().Schema())
	return []dialect.Endpoint{
		read(one+"/tier", d.getTier, scopeRead).Says("getTier", "単一顧客の会員ランク情報の取得").Returns(data(tierView().Schema())),
		// Twice, because the page's two examples have different paths.
		write(one+"/tiers", d.postTier, tier).Says("postTiers", "特定の顧客の会員ランクを更新する").Returns(tierSet),
		write(one, d.postTier, tier).Says("postTier", "特定の顧客の会員ランクを更新する (例2のURL)").Returns(tierSet),
		read(one, d.getBalance, scopeRead).Says("getPointBalance", "単一顧客のポイント残高の取得").Returns(data(balanceView().Schema())),
		write(one+"/set_balance", d.postBalance, balance).Says("setBalance", "ポイント残高の設定").Returns(balanceSet),
		// What a newer page calls it.
		write(one+"/set_balances", d.postBalance, balance).Says("setBalances", "ポイント残高の設定").Returns(balanceSet),
		read(base+"/point_allotments", d.getAllotments, scopeRead, scopeHistory).Says("getPointAllotments", "ポイント付与の一覧").
			Asks(queryParameters()...).Returns(data(wire.ArrayOf(allotmentView().Schema()))),
		write(base+"/point_allotments", d.postAllotment, allotment).Says("postPointAllotment", "ポイントの付与または減算").
			Returns(data(allotmentView().Schema())),
	}
}

func read(path string, handle dialect.Handler, scopes ...string) dialect.Endpoint {
	return dialect.Get(path, web.AnyScope(scopes...), handle).Refuses(http.StatusNotFound, http.StatusUnprocessableEntity)
}

func write(path string, handle dialect.Handler, body *wire.Schema) dialect.Endpoint {
	return dialect.Write(http.MethodPost, path, web.AnyScope(scopeWrite), handle).UpTo(maxBody).Takes(wire.JSONContent(body)).
		Refuses(http.StatusBadRequest, http.StatusNotFound, http.StatusUnprocessableEntity)
}

// data is the response with a value under data, as every response has.
func data(schema *wire.Schema) wire.Response {
	return dialect.OK(wire.ObjectOf(wire.Prop("data", schema)))
}

// queryParameters describes the query of the list.
func queryParameters() []wire.Parameter {
	var list []wire.Parameter
	for _, p := range parameters() {
		list = append(list, wire.QueryParameter(p.Facts))
	}
	return list
}

// ok returns the response with one object under data.
func ok[T any](view wire.View[T], value T) web.Answer { return enveloped(view.Append(nil, value)) }

// enveloped returns the response with a JSON text under data.
func enveloped(data []byte) web.Answer {
	return dialect.JSON(http.StatusOK, wire.JSON(wire.Map{wire.P("data", wire.Raw(data))}))
}
