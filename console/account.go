package console

import (
	"context"
	"net/http"

	"noren"
	"noren/web"
)

// accountRoutes are signing in and out, and what users change of themselves.
func (d *Console) accountRoutes() []route {
	return []route{
		get("/sign-in", "", d.signInPage).openToAll(),
		post("/sign-in", "", d.signIn).openToAll(),
		post("/sign-out", noren.Viewer, d.signOut),
		post("/sign-out-everywhere", noren.Viewer, d.signOutEverywhere),
		get("/account", noren.Viewer, d.accountPage),
		post("/account/password", noren.Viewer, d.changePassword),
	}
}

// signInForm is what the sign-in page shows.
type signInForm struct{ contract, login, next string }

// signInPage asks who it is. Where there is one tenant only, its contract id is filled in.
func (d *Console) signInPage(ctx context.Context, p *page) (web.Answer, error) {
	form := signInForm{next: ownPage(p.query("next"))}
	var err error
	if form.contract, err = d.Service.SoleContract(ctx); err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, signInView(p, form))
}

// signIn checks who it is.
func (d *Console) signIn(ctx context.Context, p *page) (web.Answer, error) {
	form := signInForm{contract: p.field("contract"), login: p.field("login"), next: ownPage(p.form.Get("next"))}
	secret, v, err := d.Service.SignIn(ctx, noren.Credentials{
		Contract: form.contract, Login: form.login, Password: p.form.Get("password"), Address: guesser(p.x),
	}, p.x.ID)
	switch kind := noren.KindOf(err); {
	case err != nil && kind == noren.Unauthenticated:
		p.wrong("", p.T("sign_in.wrong"))
		return p.render(ctx, http.StatusUnauthorized, signInView(p, form))
	case err != nil && kind == noren.TooMany:
		p.wrong("", p.sentence(http.StatusTooManyRequests, err))
		return p.render(ctx, http.StatusTooManyRequests, signInView(p, form))
	case err != nil:
		return web.Answer{}, err
	}
	p.x.Caller = v.Caller // for the access log
	return p.holding(web.Answer{Status: http.StatusSeeOther}.With("Location", form.next), secret), nil
}

// visit is the session of the one who asks, which the caller alone does not tell.
func (d *Console) visit(ctx context.Context, p *page) (noren.Visit, error) {
	v, err := d.Service.Visit(ctx, secretOf(p.x.HTTP))
	v.Caller.RequestID = p.x.ID
	return v, err
}

// signOut ends this session.
func (d *Console) signOut(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err == nil {
		err = d.Service.SignOut(ctx, v)
	}
	return p.holding(p.redirect("/sign-in"), ""), err
}

// signOutEverywhere ends every session of the user.
func (d *Console) signOutEverywhere(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err == nil {
		err = d.Service.SignOutEverywhere(ctx, v)
	}
	return p.holding(p.redirect("/sign-in"), ""), err
}

// accountPage shows the user.
func (d *Console) accountPage(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, accountView(p, v))
}

// changePassword changes the user's own.
func (d *Console) changePassword(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	changed := p.form.Get("new_password")
	if changed != p.form.Get("again") {
		p.wrong("again", p.T("account.not_the_same"))
		return p.showAgain(ctx, accountView(p, v))
	}
	err = d.Service.ChangePassword(ctx, v, p.form.Get("password"), changed)
	switch {
	case err == nil:
		return p.done("done.password", "/account"), nil
	case noren.KindOf(err) == noren.TooMany:
		p.wrong("password", p.sentence(http.StatusTooManyRequests, err))
		return p.showAgain(ctx, accountView(p, v))
	case p.refused(err, nil):
		return p.showAgain(ctx, accountView(p, v))
	}
	return web.Answer{}, err
}
