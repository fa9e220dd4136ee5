package easypoints

import (
	"context"
	"net/http"

	"noren/web"
	"noren/wire"
)

// endpoint is a route with what its document says.
type endpoint struct {
	web.Route
	id, summary string
	parameters  []wire.Parameter
	body        *wire.Schema
	success     *wire.Schema
}

// handler answers one endpoint.
type handler = func(ctx context.Context, x *web.Request) (web.Answer, error)

// newEndpoints lists every endpoint with its scope. README.md has the same table with the sources.
func (d *Dialect) newEndpoints() []endpoint {
	const one = base + "/point_balances/{" + pathID + "}"
	tier, balance, allotment := d.tables.tier.Schema(), d.tables.balance.Schema(), d.tables.allotment.Schema()
	return []endpoint{
		read(one+"/tier", d.getTier, scopeRead).says("getTier", "単一顧客の会員ランク情報の取得", tierView().Schema()),
		write(one+"/tiers", d.postTier, tier).says("postTiers", "特定の顧客の会員ランクを更新する", tierSetView().Schema()),
		write(one, d.postTier, tier).says("postTier", "特定の顧客の会員ランクを更新する (例2のURL)", tierSetView().Schema()),
		read(one, d.getBalance, scopeRead).says("getPointBalance", "単一顧客のポイント残高の取得", balanceView().Schema()),
		write(one+"/set_balance", d.postBalance, balance).says("setBalance", "ポイント残高の設定", balanceSetView().Schema()),
		write(one+"/set_balances", d.postBalance, balance).says("setBalances", "ポイント残高の設定", balanceSetView().Schema()),
		read(base+"/point_allotments", d.getAllotments, scopeRead, scopeHistory).
			says("getPointAllotments", "ポイント付与の一覧", wire.ArrayOf(allotmentView().Schema())).asks(parameters()),
		write(base+"/point_allotments", d.postAllotment, allotment).says("postPointAllotment", "ポイントの付与または減算", allotmentView().Schema()),
	}
}

func read(path string, handle handler, scopes ...string) endpoint {
	return endpoint{Route: web.Route{
		Method: http.MethodGet, Pattern: path, Permission: web.AnyScope(scopes...), Class: web.Read, Handle: handle,
	}}
}

func write(path string, handle handler, body *wire.Schema) endpoint {
	return endpoint{
		Route: web.Route{
			Method: http.MethodPost, Pattern: path, Permission: web.AnyScope(scopeWrite), Class: web.Write, BodyLimit: maxBody, Handle: handle,
		},
		body: body,
	}
}

// says names the endpoint and the schema of what its answer has under data.
func (e endpoint) says(id, summary string, data *wire.Schema) endpoint {
	e.id, e.summary, e.success = id, summary, object(wire.Property{Name: "data", Schema: data})
	return e
}

func (e endpoint) asks(list []parameter) endpoint {
	for _, p := range list {
		details := p.Description
		p.Description = ""
		e.parameters = append(e.parameters, wire.Parameter{Name: p.Name, In: "query", Schema: p.Schema(), Details: details})
	}
	return e
}

// ok answers one object.
func ok[T any](view wire.View[T], value T) web.Answer { return enveloped(view.Append(nil, value)) }

// enveloped answers what every answer has under data.
func enveloped(data []byte) web.Answer {
	return web.Answer{Status: http.StatusOK, ContentType: mediaJSON, Body: wire.JSON(wire.Map{wire.P("data", wire.Raw(data))})}
}
