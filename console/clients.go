package console

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"noren"
	"noren/app/access"
	"noren/web"
)

// Dialects is what the console needs to know about the dialects to create clients for them.
type Dialects struct {
	// Scopes are the scopes that a client of the dialect can be given, sorted; some stand for others (noren.ScopeKnown). A dialect
	// without an entry is not offered.
	Scopes map[noren.Dialect][]string
	// Identify derives the API key of a ReCORE client; nil: none is shown.
	Identify func(ctx context.Context, key string) (string, error)
	// Commands are command lines to try a client with, for the server at base. Unknown credentials are placeholders.
	// nil: none are shown.
	Commands func(base string, t noren.Tenant, c noren.Client, k Keys) []string
}

// Keys are the known credentials of a client. Secrets are known only at the moment of creation.
type Keys struct {
	access.ClientCredentials
	Identification string // of ReCORE
}

// clientRoutes are the list of clients and the page of each client.
func (d *Console) clientRoutes() []route {
	return []route{
		get("/clients", noren.Admin, d.clients).named("clients.title"),
		get("/clients/new", noren.Admin, d.newClient).asks("dialect"),
		post("/clients", noren.Admin, d.createClient).on("/clients/new?{dialect}"),
		get("/clients/{id}", noren.Admin, d.client),
		post("/clients/{id}", noren.Admin, d.updateClient).on("/clients/{id}"),
		post("/clients/{id}/revoke", noren.Admin, d.revokeClient).on("/clients/{id}"),
	}
}

// offered lists the dialects that clients can be created for, in the order of the form.
func (d *Console) offered() (list []noren.Dialect) {
	for _, dialect := range []noren.Dialect{noren.Smaregi, noren.ReCORE, noren.EasyPoints, noren.Privacy} {
		if _, wired := d.Scopes[dialect]; wired {
			list = append(list, dialect)
		}
	}
	return list
}

// clients lists the clients.
func (d *Console) clients(ctx context.Context, p *page) (web.Answer, error) {
	list, err := d.Rooms.Access.Clients(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, clientsPage(p, list))
}

// clientForm is what the form of a client shows.
type clientForm struct {
	client   noren.Client // its settings as they were typed
	stored   noren.Client // its settings as they are; the form sends them back, so that nobody overwrites what they have not seen
	stores   []noren.Store
	scopes   []string // to choose from
	more     string   // scopes that the form does not list, as typed
	commands []string
}

// newClient shows the form of a new client. The dialect is part of the address, because the other fields depend on it.
func (d *Console) newClient(ctx context.Context, p *page) (web.Answer, error) {
	var choices []choice
	for _, dialect := range d.offered() {
		choices = append(choices, choice{string(dialect), p.T("dialect." + string(dialect))})
	}
	dialect := noren.Dialect(p.chosen("dialect", p.T("clients.dialect"), choices))
	if offered := d.offered(); dialect == "" && len(offered) > 0 {
		dialect = offered[0]
	}
	list, err := d.Rooms.Access.Clients(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	form := clientForm{client: noren.Client{Dialect: dialect, Kind: noren.AppClient}, stores: list.Stores, scopes: d.Scopes[dialect]}
	return p.show(ctx, newClientPage(p, form))
}

// settings reads the form of a client. The dialect decides which scopes are valid. Scopes that the client already has stay
// valid: a shop file may have granted one that no route requires.
func (d *Console) settings(p *page, dialect noren.Dialect, has []string) access.ClientSettings {
	s := access.ClientSettings{Name: p.field("name"), Scopes: p.form["scope"]}
	for _, scope := range s.Scopes {
		if !noren.ScopeKnown(scope, d.Scopes[dialect]) && !slices.Contains(has, scope) {
			p.wrong("scopes", p.T("reason.unknown_word"))
		}
	}
	for _, scope := range strings.FieldsFunc(p.field(fieldMoreScopes), betweenScopes) {
		if !noren.ScopeKnown(scope, d.Scopes[dialect]) {
			p.wrong(fieldMoreScopes, p.T("clients.scope_unknown", scope))
		}
		s.Scopes = append(s.Scopes, scope)
	}
	slices.Sort(s.Scopes)
	s.Scopes = slices.Compact(s.Scopes)
	if len(s.Scopes) == 0 && len(d.Scopes[dialect]) > 0 {
		p.wrong("scopes", p.T("clients.scopes_none"))
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

// createClient creates a client and shows its secrets once. They are only in this response: a redirect would need them in
// an address or stored.
func (d *Console) createClient(ctx context.Context, p *page) (web.Answer, error) {
	dialect, kind := noren.Dialect(p.field("dialect")), noren.ClientKind(p.field("kind"))
	wanted := access.NewClient{Dialect: dialect, Kind: kind, ClientSettings: d.settings(p, dialect, nil)}
	if !slices.Contains(d.offered(), dialect) {
		p.wrong("", p.T("clients.no_dialect"))
	}
	if len(p.problems) == 0 {
		made, credentials, kept, err := d.Rooms.Access.CreateClient(ctx, p.caller(), wanted, p.once())
		switch {
		case err == nil && kept != nil: // the form was sent twice; the secrets were in the first response
			return p.warned("done.made_before", "/clients"), nil
		case err == nil:
			return d.showSecrets(ctx, p, made, Keys{ClientCredentials: credentials})
		case !p.refusedLong(err, "name", access.MaxClientName):
			return web.Answer{}, err
		}
	}
	list, err := d.Rooms.Access.Clients(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	return p.showAgain(ctx, newClientPage(p, clientForm{
		client: noren.Client{
			Dialect: dialect, Kind: kind, Name: wanted.Name, StoreID: wanted.StoreID, Scopes: p.form["scope"],
		},
		stores: list.Stores, scopes: d.Scopes[dialect], more: p.field(fieldMoreScopes),
	}))
}

// showSecrets shows the credentials of a new client. Like every page of the console, it is not cached.
func (d *Console) showSecrets(ctx context.Context, p *page, made noren.Client, keys Keys) (web.Answer, error) {
	if made.Dialect == noren.ReCORE && d.Identify != nil {
		var err error
		if keys.Identification, err = d.Identify(ctx, keys.Key); err != nil {
			return web.Answer{}, err
		}
	}
	return p.render(ctx, http.StatusCreated, secretsPage(p, made, keys, d.commands(p, made, keys)))
}

// commands are the command lines to try the client with, if the console was given any.
func (d *Console) commands(p *page, c noren.Client, keys Keys) []string {
	if d.Commands == nil {
		return nil
	}
	return d.Commands(p.x.BaseURL, p.caller().Tenant, c, keys)
}

// credential is one of the values that a client presents, under the name used by its dialect.
type credential struct {
	name, value string
	secret      bool
}

// credentials lists the credentials to show for a client that was just created.
func (k Keys) credentials() (list []credential) {
	all := []credential{{"client_id", k.Key, false}, {"client_secret", k.Secret, true}}
	switch k.Dialect {
	case noren.EasyPoints:
		all = []credential{{"public_key", k.Key, false}, {"secret_key", k.Secret, true}}
	case noren.ReCORE:
		all = []credential{{"X-Identification", k.Identification, true}}
	case noren.Privacy: // nothing more
	case noren.Shopify, noren.Console: // have no clients
	case noren.Smaregi:
		all = append(all, credential{"access_token", k.AccessToken, true}, credential{"webhook_secret", k.WebhookSecret, true})
	}
	for _, c := range all {
		if c.value != "" {
			list = append(list, c)
		}
	}
	return list
}

// clientByID reads one client and what its form needs. The error is NotFound if there is none.
func (d *Console) clientByID(ctx context.Context, p *page) (form clientForm, err error) {
	id, err := p.id("id")
	if err != nil {
		return form, err
	}
	list, err := d.Rooms.Access.Clients(ctx, p.caller())
	if err != nil {
		return form, err
	}
	i := slices.IndexFunc(list.Clients, func(c noren.Client) bool { return c.ID == id })
	if i < 0 {
		return form, &noren.Error{Kind: noren.NotFound, Field: "client"}
	}
	form = clientForm{client: list.Clients[i], stored: list.Clients[i], stores: list.Stores}
	// The form must show every scope that the client has, or saving it would remove one silently.
	form.scopes = slices.Concat(d.Scopes[form.client.Dialect], form.client.Scopes)
	slices.Sort(form.scopes)
	form.scopes = slices.Compact(form.scopes)
	keys := Keys{ClientCredentials: access.ClientCredentials{Dialect: form.client.Dialect, Kind: form.client.Kind, Key: form.client.Key}}
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

// seenSettings are the settings that the form showed; nil if it did not send them back.
func (p *page) seenSettings() *access.ClientSettings {
	if !p.form.Has("was_name") {
		return nil
	}
	seen := &access.ClientSettings{Name: p.field("was_name"), Scopes: strings.Fields(p.field("was_scopes"))}
	if p.field("was_store") != "" {
		seen.StoreID = new(p.formNumber("was_store"))
	}
	return seen
}

// updateClient changes a client's name, store and scopes. A setting that somebody else has changed since the form was shown
// is shown with both values, for the user to decide.
func (d *Console) updateClient(ctx context.Context, p *page) (web.Answer, error) {
	form, err := d.clientByID(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	settings := d.settings(p, form.client.Dialect, form.client.Scopes)
	settings.Seen = p.seenSettings()
	if len(p.problems) == 0 {
		_, err := d.Rooms.Access.UpdateClient(ctx, p.caller(), form.client.ID, settings, p.once())
		overtaken := changedMeanwhile(err, func(e *noren.Error) string { return e.Field })
		switch {
		case err == nil:
			return p.done("done.saved", "/clients/"+number(form.client.ID)), nil
		case len(overtaken) > 0:
			if form, err = d.tellSettingsOvertaken(ctx, p, overtaken); err != nil {
				return web.Answer{}, err
			}
		case !p.refusedLong(err, "name", access.MaxClientName):
			return web.Answer{}, err
		}
	}
	form.client.Name, form.client.StoreID, form.client.Scopes = settings.Name, settings.StoreID, p.form["scope"]
	form.more = p.field(fieldMoreScopes)
	return p.showAgain(ctx, clientPage(p, form))
}

// tellSettingsOvertaken records at each setting who has changed it, if that is known, and its current value. It returns the
// form as it is now.
func (d *Console) tellSettingsOvertaken(ctx context.Context, p *page, fields []string) (form clientForm, err error) {
	if form, err = d.clientByID(ctx, p); err != nil {
		return form, err
	}
	// Changes are recorded under the name that the client had before them, which is the one that the form showed.
	last, err := d.Rooms.Access.LastSettings(ctx, p.caller(), p.field("was_name"))
	if err != nil {
		return form, err
	}
	now := map[string]string{
		"name": form.stored.Name, "store": p.restriction(form.stored, form.stores), "scopes": strings.Join(form.stored.Scopes, " "),
	}
	for _, f := range fields {
		p.wrong(f, p.changedBy(last["value"], now[f]))
	}
	return form, nil
}

// revokeClient revokes a client for good.
func (d *Console) revokeClient(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.Rooms.Access.RevokeClient(ctx, p.caller(), id, p.once()); err != nil {
		return web.Answer{}, err
	}
	return p.done("done.revoked", "/clients/"+number(id)), nil
}

// restriction names the store that a client is restricted to. A store that is gone is shown by its ID.
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
