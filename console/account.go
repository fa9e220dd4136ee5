package console

import (
	"context"
	"errors"
	"net/http"

	"noren"
	"noren/app/access"
	"noren/web"
)

// accountRoutes are signing in and out, and the page of the user's own account.
func (d *Console) accountRoutes() []route {
	return []route{
		get("/sign-in", "", d.signInPage).openToAll(),
		post("/sign-in", "", d.signIn).openToAll().on("/sign-in"),
		post("/sign-in/code", "", d.confirmSignIn).openToAll().on("/sign-in").hides(),
		post("/sign-out", noren.Viewer, d.signOut),
		post("/sign-out-everywhere", noren.Viewer, d.signOutEverywhere).on("/account"),
		get("/account", noren.Viewer, d.accountPage),
		post("/account/password", noren.Viewer, d.changePassword).on("/account").hides(),
	}
}

// signInForm is the content of the sign-in form. The password is never shown again.
type signInForm struct {
	contract, login, next string
	kept                  string // a form that was sent after the session had ended
	ticket                string // of a user whose password was right and who has a second factor
}

// signInPage shows the sign-in form. If there is only one tenant, its contract ID is filled in.
func (d *Console) signInPage(ctx context.Context, p *page) (web.Answer, error) {
	form := signInForm{next: ownPage(p.query("next"))}
	var err error
	if form.contract, err = d.Rooms.Access.SoleContract(ctx); err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, signInView(p, form))
}

// signIn checks the credentials and starts a session.
func (d *Console) signIn(ctx context.Context, p *page) (web.Answer, error) {
	form := signInForm{contract: p.field("contract"), login: p.field("login"), next: ownPage(p.form.Get("next")), kept: p.form.Get("kept")}
	secret, v, err := d.Rooms.Access.SignIn(ctx, access.Credentials{
		Contract: form.contract, Login: form.login, Password: p.form.Get("password"), Address: guesser(p.x),
		Device: d.cookieOf(p.x.HTTP, cookieDevice),
	}, p.x.ID)
	// A wrong password and a wait after too many failures show the form again, with what was typed.
	needed, asked := errors.AsType[*access.CodeNeeded](err)
	switch kind := noren.KindOf(err); {
	case asked:
		form.ticket = needed.Ticket
		return p.show(ctx, codeView(p, form))
	case err != nil && kind == noren.Unauthenticated:
		p.wrong("", p.T("sign_in.wrong"))
		return p.render(ctx, http.StatusUnauthorized, signInView(p, form))
	case err != nil && kind == noren.TooMany:
		p.wrong("", p.sentence(http.StatusTooManyRequests, err))
		return p.later(ctx, err, signInView(p, form))
	case err != nil:
		return web.Answer{}, err
	}
	return d.admit(ctx, p, form, secret, v)
}

// confirmSignIn checks the code of a user who has given the password, and starts a session.
func (d *Console) confirmSignIn(ctx context.Context, p *page) (web.Answer, error) {
	form := signInForm{next: ownPage(p.form.Get("next")), kept: p.form.Get("kept"), ticket: p.form.Get("ticket")}
	secret, v, err := d.Rooms.Access.ConfirmSignIn(ctx, form.ticket, p.field("code"), access.Credentials{
		Address: guesser(p.x), Device: d.cookieOf(p.x.HTTP, cookieDevice),
	}, p.x.ID)
	e, _ := errors.AsType[*noren.Error](err)
	switch {
	case err == nil:
		return d.admit(ctx, p, form, secret, v)
	case e != nil && e.Reason == noren.ReasonCodeWrong:
		p.wrong("code", p.T("reason.code_wrong"))
		return p.render(ctx, http.StatusUnauthorized, codeView(p, form))
	case e != nil && e.Kind == noren.TooMany:
		p.wrong("code", p.sentence(http.StatusTooManyRequests, err))
		return p.later(ctx, err, codeView(p, form))
	case e != nil && e.Reason == noren.ReasonSignInAgain:
		p.wrong("", p.T("sign_in.again"))
		return p.signInAgain(ctx, form), nil
	}
	return web.Answer{}, err
}

// admit sends a user who has just signed in to the page that was asked for, with the cookies of the session.
func (d *Console) admit(ctx context.Context, p *page, form signInForm, secret string, v access.Visit) (web.Answer, error) {
	p.x.Caller = v.Caller // for the access log
	device, err := d.Rooms.Access.NewDevice(ctx, v)
	if err != nil {
		return web.Answer{}, err
	}
	// Made here, where it is known who asks, so that it is there when the session ends.
	if _, err := d.Rooms.Access.TenantSecret(ctx, v.Caller.Tenant.ID, access.SecretKeptForms); err != nil {
		return web.Answer{}, err
	}
	a, err := d.giveBack(ctx, p, form, secret, v.Caller)
	if err != nil {
		return web.Answer{}, err
	}
	a = p.holding(a, secret)
	a.Header.Add("Set-Cookie", p.cookie(cookieDevice, device, yearOfSeconds).String())
	a.Header.Add("Set-Cookie", p.cookie(cookieUser, userMark(v.Caller), yearOfSeconds).String())
	return a, nil
}

// visit reads the session of the request: the caller alone does not identify the session.
func (d *Console) visit(ctx context.Context, p *page) (access.Visit, error) {
	v, err := d.Rooms.Access.Visit(ctx, d.cookieOf(p.x.HTTP, cookieSession))
	v.Caller.RequestID = p.x.ID // so that the audit log names the request
	return v, err
}

// signOut ends this session.
func (d *Console) signOut(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err == nil {
		err = d.Rooms.Access.SignOut(ctx, v)
	}
	return p.holding(p.redirect("/sign-in"), ""), err
}

// signOutEverywhere ends every session of the user.
func (d *Console) signOutEverywhere(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err == nil {
		err = d.Rooms.Access.SignOutEverywhere(ctx, v)
	}
	return p.holding(p.redirect("/sign-in"), ""), err
}

// accountPage shows the user's own account.
func (d *Console) accountPage(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	c, err := d.Rooms.Stock.Catalogue(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, accountView(p, v, c))
}

// changePassword changes the user's own password. All other sessions of the login end.
func (d *Console) changePassword(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	c, err := d.Rooms.Stock.Catalogue(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	changed := p.form.Get("new_password")
	// Passwords are not trimmed, unlike other fields: a blank at the end is part of the password.
	if changed != p.form.Get("again") {
		p.wrong("again", p.T("account.not_the_same"))
		return p.showAgain(ctx, accountView(p, v, c))
	}
	err = d.Rooms.Access.ChangePassword(ctx, v, p.form.Get("password"), changed)
	switch {
	case err == nil:
		return p.done("done.password", "/account"), nil
	case noren.KindOf(err) == noren.TooMany:
		p.wrong("password", p.sentence(http.StatusTooManyRequests, err))
		return p.showAgain(ctx, accountView(p, v, c))
	case p.refused(err, nil):
		return p.showAgain(ctx, accountView(p, v, c))
	}
	return web.Answer{}, err
}
