package console

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"noren"
	"noren/app/access"
	"noren/web"
)

// secondFactorRoutes are the page of the user's own second factor, and the list of users, where an admin turns off that of
// somebody who has lost it.
func (d *Console) secondFactorRoutes() []route {
	return []route{
		get("/account/second-factor", noren.Viewer, d.secondFactor),
		post("/account/second-factor", noren.Viewer, d.beginSecondFactor).on("/account/second-factor").hides(),
		post("/account/second-factor/on", noren.Viewer, d.turnOnSecondFactor).on("/account/second-factor").hides(),
		post("/account/second-factor/off", noren.Viewer, d.turnOffSecondFactor).on("/account/second-factor").hides(),
		get("/users", noren.Admin, d.users),
		post("/users/reset-second-factor", noren.Admin, d.resetSecondFactor).on("/users"),
	}
}

// secondFactor shows whether the user's second factor is on, with the form that changes it.
func (d *Console) secondFactor(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	f, err := d.Rooms.Access.SecondFactor(ctx, v)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, secondFactorView(p, f))
}

// beginSecondFactor shows a new secret. Like the secrets of a client it is only in this response.
func (d *Console) beginSecondFactor(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	setup, err := d.Rooms.Access.BeginSecondFactor(ctx, v, p.form.Get("password"))
	switch {
	case err == nil:
		return p.render(ctx, http.StatusCreated, setupView(p, setup))
	case p.mayTryAgain("password", err):
		return p.showAgain(ctx, secondFactorView(p, noren.SecondFactor{}))
	}
	return web.Answer{}, err
}

// turnOnSecondFactor shows the recovery codes, once. After a wrong code it asks for another, without the secret: the page of a
// browser that was left open must not show it.
func (d *Console) turnOnSecondFactor(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	recovery, err := d.Rooms.Access.TurnOnSecondFactor(ctx, v, p.field("code"))
	switch {
	case err == nil:
		return p.render(ctx, http.StatusCreated, recoveryView(p, recovery))
	case p.mayTryAgain("code", err):
		return p.showAgain(ctx, setupView(p, access.SecondFactorSetup{}))
	}
	return web.Answer{}, err
}

// turnOffSecondFactor turns off the user's own.
func (d *Console) turnOffSecondFactor(ctx context.Context, p *page) (web.Answer, error) {
	v, err := d.visit(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	f, err := d.Rooms.Access.SecondFactor(ctx, v)
	if err != nil {
		return web.Answer{}, err
	}
	err = d.Rooms.Access.TurnOffSecondFactor(ctx, v, p.field("code"))
	switch {
	case err == nil:
		return p.done("done.factor_off", "/account"), nil
	case p.mayTryAgain("code", err):
		return p.showAgain(ctx, secondFactorView(p, f))
	}
	return web.Answer{}, err
}

// mayTryAgain records at the field why a secret was refused, or how long to wait; false if the error is another one.
func (p *page) mayTryAgain(field string, err error) bool {
	if noren.KindOf(err) == noren.TooMany {
		p.wrong(field, p.sentence(http.StatusTooManyRequests, err))
		return true
	}
	return p.refused(err, nil)
}

// users lists the users of the console.
func (d *Console) users(ctx context.Context, p *page) (web.Answer, error) {
	list, err := d.Rooms.Access.Users(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	c, err := d.Rooms.Stock.Catalogue(ctx, p.caller())
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, usersView(p, list, c))
}

// resetSecondFactor turns off the second factor of another user.
func (d *Console) resetSecondFactor(ctx context.Context, p *page) (web.Answer, error) {
	err := d.Rooms.Access.ResetSecondFactor(ctx, p.caller(), p.form.Get("login"))
	if err != nil {
		return web.Answer{}, err
	}
	return p.done("done.factor_reset", "/users"), nil
}

// squarePath draws the dark parts of a QR code as the path of an SVG with a unit for each of its squares.
func squarePath(square [][]bool) string {
	var b strings.Builder
	for y, row := range square {
		for x, dark := range row {
			if dark {
				b.WriteString("M" + strconv.Itoa(x) + " " + strconv.Itoa(y) + "h1v1h-1z")
			}
		}
	}
	return b.String()
}

// squareBox is the visible part of that SVG: readers need four squares of white around.
func squareBox(square [][]bool) string {
	side := strconv.Itoa(len(square) + 8)
	return "-4 -4 " + side + " " + side
}

// inFours sets blanks into a secret, so that people can type it.
func inFours(secret string) string {
	var groups []string
	for len(secret) > 4 {
		groups, secret = append(groups, secret[:4]), secret[4:]
	}
	return strings.Join(append(groups, secret), " ")
}
