package console

import (
	"context"
	"net/http"
	"slices"

	"noren"
	"noren/web"
)

// Dialects is what the console has to know of the dialects to make clients for them.
type Dialects struct {
	// Scopes are those that the dialect's routes ask for, sorted. A dialect without an entry is not offered.
	Scopes map[noren.Dialect][]string
	// Identify makes the API key of a ReCORE client; nil: none is shown.
	Identify func(ctx context.Context, key string) (string, error)
	// Commands are command lines that a client could begin with, given where the server is. Credentials that are not
	// known are left to be filled in. nil: none are shown.
	Commands func(base string, t noren.Tenant, c noren.Client, k Keys) []string
}

// Keys are the credentials of a client, as far as they are known.
type Keys struct {
	noren.ClientCredentials
	Identification string // of ReCORE
}

// clientRoutes are the list of clients and the page of each.
func (d *Console) clientRoutes() []route {
	return []route{
		get("/clients", noren.Admin, d.clients).named("clients.title"),
		get("/clients/new", noren.Admin, d.newClient),
		post("/clients", noren.Admin, d.createClient),
		get("/clients/{id}", noren.Admin, d.client),
		post("/clients/{id}", noren.Admin, d.updateClient),
		post("/clients/{id}/revoke", noren.Admin, d.revokeClient),
	}
}

// offered lists the dialects that clients can be made for.
func (d *Console) offered() (list []noren.Dialect) {
	for _, dialect := range []noren.Dialect{noren.Smaregi, noren.ReCORE, noren.EasyPoints} {
		if _, wired := d.Scopes[dialect]; wired {
			list = append(list, dialect)
		}
	}
	return list
}

// clients lists the clients.
func (d *Console) clients(ctx context.Context, p *page) (web.Answer, error) {
	list, err := d.Service.Clients(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, clientsPage(p, list))
}

// clientForm is what the form of a client shows.
type clientForm struct {
	client   noren.Client // its settings as they were typed
	stores   []noren.Store
	scopes   []string // to choose from
	commands []string
}

// newClient asks what the client is to be like. Its dialect comes first: the rest depends on it.
func (d *Console) newClient(ctx context.Context, p *page) (web.Answer, error) {
	dialect := noren.Dialect(p.query("dialect"))
	if !slices.Contains(d.offered(), dialect) {
		if offered := d.offered(); len(offered) > 0 {
			dialect = offered[0]
		}
	}
	list, err := d.Service.Clients(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	form := clientForm{client: noren.Client{Dialect: dialect, Kind: noren.AppClient}, stores: list.Stores, scopes: d.Scopes[dialect]}
	return p.show(ctx, newClientPage(p, form))
}

// settings are what the form says of a client, whose dialect decides which scopes there are. What the client has already
// stays allowed: a shop file may have given it a scope that no route asks for.
func (d *Console) settings(p *page, dialect noren.Dialect, has []string) noren.ClientSettings {
	s := noren.ClientSettings{Name: p.field("name"), Scopes: p.form["scope"]}
	for _, scope := range s.Scopes {
		if !slices.Contains(d.Scopes[dialect], scope) && !slices.Contains(has, scope) {
			p.wrong("scopes", p.T("reason.unknown_word"))
		}
	}
	if p.field("store") != "" {
		store := p.formNumber("store")
		if store == 0 {
			p.wrong("store", p.T("reason.store_unknown"))
		}
		s.StoreID = &store
	}
	return s
}

// createClient makes a client and shows its secrets, this once: they are in the answer alone, not in an address.
func (d *Console) createClient(ctx context.Context, p *page) (web.Answer, error) {
	dialect, kind := noren.Dialect(p.field("dialect")), noren.ClientKind(p.field("kind"))
	wanted := noren.NewClient{Dialect: dialect, Kind: kind, ClientSettings: d.settings(p, dialect, nil)}
	if !slices.Contains(d.offered(), dialect) {
		p.wrong("", p.T("clients.no_dialect"))
	}
	if len(p.problems) == 0 {
		made, credentials, kept, err := d.Service.CreateClient(ctx, p.caller(), wanted, p.once())
		switch {
		case err == nil && kept != nil:
			return p.done("done.made_before", "/clients"), nil
		case err == nil:
			return d.showSecrets(ctx, p, made, Keys{ClientCredentials: credentials})
		case !p.refusedLong(err, "name", noren.MaxClientName):
			return web.Answer{}, err
		}
	}
	list, err := d.Service.Clients(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	return p.showAgain(ctx, newClientPage(p, clientForm{
		client: noren.Client{
			Dialect: dialect, Kind: kind, Name: wanted.Name, StoreID: wanted.StoreID, Scopes: wanted.Scopes,
		},
		stores: list.Stores, scopes: d.Scopes[dialect],
	}))
}

// showSecrets shows what the client's user needs. No cache keeps the page, as no page of the console.
func (d *Console) showSecrets(ctx context.Context, p *page, made noren.Client, keys Keys) (web.Answer, error) {
	if made.Dialect == noren.ReCORE && d.Identify != nil {
		var err error
		if keys.Identification, err = d.Identify(ctx, keys.Key); err != nil {
			return web.Answer{}, err
		}
	}
	return p.render(ctx, http.StatusCreated, secretsPage(p, made, keys, d.commands(p, made, keys)))
}

func (d *Console) commands(p *page, c noren.Client, keys Keys) []string {
	if d.Commands == nil {
		return nil
	}
	return d.Commands(p.x.BaseURL, p.caller().Tenant, c, keys)
}

// credential is one of the things that a client presents, by the name that its dialect gives it.
type credential struct {
	name, value string
	secret      bool
}

// credentials lists what there is to show of a client that was just made.
func (k Keys) credentials() (list []credential) {
	all := []credential{{"client_id", k.Key, false}, {"client_secret", k.Secret, true}}
	switch k.Dialect {
	case noren.EasyPoints:
		all = []credential{{"public_key", k.Key, false}, {"secret_key", k.Secret, true}}
	case noren.ReCORE:
		all = []credential{{"X-Identification", k.Identification, true}}
	}
	if k.Dialect == noren.Smaregi {
		all = append(all, credential{"access_token", k.AccessToken, true}, credential{"webhook_secret", k.WebhookSecret, true})
	}
	for _, c := range all {
		if c.value != "" {
			list = append(list, c)
		}
	}
	return list
}

// clientByID reads one client and what its form needs. NotFound where there is none.
func (d *Console) clientByID(ctx context.Context, p *page) (form clientForm, err error) {
	id, err := p.id("id")
	if err != nil {
		return form, err
	}
	list, err := d.Service.Clients(ctx, p.caller())
	if err != nil {
		return form, err
	}
	i := slices.IndexFunc(list.Clients, func(c noren.Client) bool { return c.ID == id })
	if i < 0 {
		return form, &noren.Error{Kind: noren.NotFound, Field: "client"}
	}
	form = clientForm{client: list.Clients[i], stores: list.Stores}
	form.scopes = slices.Concat(d.Scopes[form.client.Dialect], form.client.Scopes)
	slices.Sort(form.scopes)
	form.scopes = slices.Compact(form.scopes)
	keys := Keys{ClientCredentials: noren.ClientCredentials{Dialect: form.client.Dialect, Kind: form.client.Kind, Key: form.client.Key}}
	form.commands = d.commands(p, form.client, keys)
	return form, nil
}

// client shows one client.
func (d *Console) client(ctx context.Context, p *page) (web.Answer, error) {
	form, err := d.clientByID(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, clientPage(p, form))
}

// updateClient changes what a client is called and may do.
func (d *Console) updateClient(ctx context.Context, p *page) (web.Answer, error) {
	form, err := d.clientByID(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	settings := d.settings(p, form.client.Dialect, form.client.Scopes)
	if len(p.problems) == 0 {
		_, err := d.Service.UpdateClient(ctx, p.caller(), form.client.ID, settings, p.once())
		if err == nil {
			return p.done("done.saved", "/clients/"+number(form.client.ID)), nil
		}
		if !p.refusedLong(err, "name", noren.MaxClientName) {
			return web.Answer{}, err
		}
	}
	form.client.Name, form.client.StoreID, form.client.Scopes = settings.Name, settings.StoreID, settings.Scopes
	return p.showAgain(ctx, clientPage(p, form))
}

// revokeClient ends a client.
func (d *Console) revokeClient(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.Service.RevokeClient(ctx, p.caller(), id, p.once()); err != nil {
		return web.Answer{}, err
	}
	return p.done("done.revoked", "/clients/"+number(id)), nil
}

// restriction names the store that a client is bound to.
func (p *page) restriction(c noren.Client, stores []noren.Store) string {
	if c.StoreID == nil {
		return p.T("stock.all_stores")
	}
	for _, s := range stores {
		if s.ID == *c.StoreID {
			return s.Name
		}
	}
	return number(*c.StoreID)
}
