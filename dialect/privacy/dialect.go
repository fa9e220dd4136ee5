// Package privacy implements an API of our own, by which a program hands out what is stored of one person, and erases one person,
// as the laws about personal data require. README.md lists its endpoints and decisions.
package privacy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/privacy"
	"noren/app/unit"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// Rooms are the use cases that the dialect speaks for.
type Rooms struct {
	Access  *access.Service
	Privacy *privacy.Service
	// OpenFile opens a tenant's file; fs.ErrNotExist if there is no such file.
	OpenFile func(ctx context.Context, contract, fileKey string) (io.ReadCloser, error)
}

// Dialect implements web.Dialect. It is made by New.
type Dialect struct {
	*dialect.Table
	rooms Rooms
}

// New makes the dialect. version is the server's, for the OpenAPI document.
func New(rooms Rooms, version string) *Dialect {
	d := &Dialect{rooms: rooms}
	d.Table = dialect.New(d.spec(version))
	return d
}

// base is the prefix of all paths of the dialect.
const base = "/api/privacy"

// The scopes: a client that exports data need not be able to erase it.
const (
	scopeRead  = "person:read"
	scopeErase = "person:erase"
)

// maxID is the largest ID of a member.
const maxID = 9_999_999_999

// spec describes the dialect.
func (d *Dialect) spec(version string) dialect.Spec {
	person := wire.JSONContent(&wire.Schema{Types: []string{"object"}, Description: "the same as data.json of noren person export"})
	archive := &wire.Content{MediaType: "application/zip", Schema: &wire.Schema{Types: []string{"string"}, Format: "binary"}}
	receipt := wire.ObjectOf(
		wire.Prop("member_id", wire.IntegerSchema("")), wire.Prop("at", wire.TextSchema("when the member was erased")),
		wire.Prop("by", wire.TextSchema("login, operator, or the API")),
		wire.Prop("removed", &wire.Schema{Types: []string{"object"}, Description: "how many of what"}),
	)
	const one = base + "/people/{member_id}"
	return dialect.Spec{
		Name: noren.Privacy, Title: "Noren: personal data", Version: version,
		Description: "Hands out and erases one person's data. See dialect/privacy/README.md.",
		// Each request reads every text of the tenant.
		RateLimits: web.RateLimits{Read: web.RateLimit{PerSecond: 2}, Write: web.RateLimit{PerSecond: 1}},
		Security: []wire.Pair{wire.P("basic", wire.Map{
			wire.P("type", "http"), wire.P("scheme", "basic"), wire.P("description", "client_id and client_secret"),
		})},
		Denied:  []int{http.StatusUnauthorized, http.StatusForbidden},
		Refusal: wire.JSONContent(wire.Reference("Error")),
		Schemas: []wire.Property{
			wire.Prop("Error", wire.ObjectOf(wire.Prop("error", wire.TextSchema("")), wire.Prop("message", wire.TextSchema("")))),
			wire.Prop("Receipt", receipt),
		},
		Endpoints: []dialect.Endpoint{
			dialect.Get(one, web.AnyScope(scopeRead), d.getPerson).Says("getPerson", "Everything that is stored of a member").
				Returns(wire.Response{Status: http.StatusOK, Content: person}).Refuses(http.StatusNotFound).LeavesTrace(),
			dialect.Get(one+"/archive", web.AnyScope(scopeRead), d.getArchive).
				Says("getArchive", "Everything that is stored of a member, with a page to read and the files").
				Returns(wire.Response{Status: http.StatusOK, Content: archive}).Refuses(http.StatusNotFound).LeavesTrace(),
			dialect.Write(http.MethodDelete, one, web.AnyScope(scopeErase), d.erasePerson).Says("erasePerson", "Erase a member").
				Returns(dialect.OK(wire.Reference("Receipt"))).Refuses(http.StatusNotFound, http.StatusConflict),
			dialect.Get(base+"/receipts", web.AnyScope(scopeRead, scopeErase), d.getReceipts).
				Says("getReceipts", "Who was erased, newest first").Returns(dialect.OK(wire.ArrayOf(wire.Reference("Receipt")))),
		},
	}
}

// Claim accepts /api/privacy/…. A trailing slash makes no difference.
func (d *Dialect) Claim(path string) (web.Claim, bool) {
	rest, mine := dialect.Under(base, path)
	return web.Claim{Path: base + rest}, mine
}

// Authenticate accepts client_id and client_secret as Basic credentials.
func (d *Dialect) Authenticate(ctx context.Context, r *http.Request, _ web.Claim) (noren.Caller, error) {
	id, secret, ok := r.BasicAuth()
	// No engine can look it up, so it is as unknown as any wrong one.
	if !ok || !wire.Storable(id) {
		return noren.Caller{}, &noren.Error{Kind: noren.Unauthenticated, Message: "send client_id and client_secret by HTTP Basic authentication"}
	}
	return d.rooms.Access.AuthenticateKey(ctx, noren.Privacy, id, secret)
}

// getPerson is GET /api/privacy/people/{member_id}.
func (d *Dialect) getPerson(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := dialect.PathID(x, "member_id", maxID)
	if err != nil {
		return web.Answer{}, err
	}
	data, err := d.rooms.Privacy.HandOut(ctx, x.Caller, id)
	if err != nil {
		return web.Answer{}, err
	}
	// Everything at once and not as a stream: what is stored of one person fits into memory, and an error can still
	// become a 500.
	text, err := data.MarshalJSON()
	return dialect.JSON(http.StatusOK, text), err
}

// getArchive is GET /api/privacy/people/{member_id}/archive, the same as that of noren person export.
func (d *Dialect) getArchive(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := dialect.PathID(x, "member_id", maxID)
	if err != nil {
		return web.Answer{}, err
	}
	data, err := d.rooms.Privacy.HandOut(ctx, x.Caller, id)
	if err != nil {
		return web.Answer{}, err
	}
	// In memory, so that a file that cannot be read is an error and not half an archive.
	var archive bytes.Buffer
	err = privacy.WriteArchive(&archive, data, x.Caller.Tenant.Location(), func(key string) (io.ReadCloser, error) {
		return d.rooms.OpenFile(ctx, x.Caller.Tenant.Contract, key)
	})
	if err != nil {
		return web.Answer{}, err
	}
	a := web.Answer{Status: http.StatusOK, ContentType: "application/zip", Body: archive.Bytes()}
	return a.With("Content-Disposition", fmt.Sprintf(`attachment; filename="member-%d.zip"`, id)), nil
}

// erasePerson is DELETE /api/privacy/people/{member_id}.
func (d *Dialect) erasePerson(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := dialect.PathID(x, "member_id", maxID)
	if err != nil {
		return web.Answer{}, err
	}
	// The receipt is kept with the key: asked again, the answer is the receipt and not that there is no such member.
	return dialect.Once(x, func(e noren.Erasure) web.Answer { return dialect.JSON(http.StatusOK, wire.JSON(receipt(e))) },
		func(once *unit.Once) (noren.Erasure, *noren.KeptAnswer, error) {
			return d.rooms.Privacy.EraseOnce(ctx, x.Caller, id, once)
		})
}

// getReceipts is GET /api/privacy/receipts.
func (d *Dialect) getReceipts(ctx context.Context, x *web.Request) (web.Answer, error) {
	list, err := d.rooms.Privacy.Erasures(ctx, x.Caller)
	if err != nil {
		return web.Answer{}, err
	}
	receipts := make([]wire.Map, len(list))
	for i, e := range list {
		receipts[i] = receipt(e)
	}
	return dialect.JSON(http.StatusOK, wire.JSON(receipts)), nil
}

// receipt is a receipt as JSON; what was removed is in the order of its names.
func receipt(e noren.Erasure) wire.Map {
	removed := wire.Map{}
	for _, what := range slices.Sorted(maps.Keys(e.Removed)) {
		removed = append(removed, wire.P(what, e.Removed[what]))
	}
	return wire.Map{
		wire.P("member_id", e.MemberID), wire.P("at", e.At.UTC().Format(time.RFC3339)), wire.P("by", e.By), wire.P("removed", removed),
	}
}

// Refuse implements web.Dialect. Internal errors are not shown.
func (d *Dialect) Refuse(x *web.Request, err error) web.Answer {
	if m, ok := errors.AsType[*web.MethodError](err); ok {
		return refusal(http.StatusMethodNotAllowed, "method_not_allowed", "this endpoint takes "+strings.Join(m.Allow, ", "))
	}
	e, ok := errors.AsType[*noren.Error](err)
	if !ok {
		e = &noren.Error{}
	}
	status := web.Status(e.Kind)
	switch e.Kind {
	case noren.Unauthenticated:
		return refusal(status, "unauthenticated", "client_id or client_secret is missing or wrong").
			With("WWW-Authenticate", `Basic realm="privacy"`)
	case noren.Forbidden:
		return refusal(status, "forbidden", "the client has no scope for this, or is restricted to one store")
	case noren.NotFound:
		return refusal(status, "not_found", "there is no such member or endpoint")
	case noren.Conflict:
		return refusal(status, "conflict", e.Message)
	case noren.Invalid:
		return refusal(status, "invalid", e.Error())
	case noren.TooLarge:
		return refusal(status, "too_large", "the body is too large; send none")
	case noren.TooMany:
		return refusal(status, "too_many_requests", "wait for as long as Retry-After says")
	case noren.Unavailable:
		return refusal(status, "unavailable", "nothing was stored; send it again after as long as Retry-After says")
	default:
		return refusal(http.StatusInternalServerError, "internal", "the server's log has more under the X-Request-Id "+x.ID)
	}
}

func refusal(status int, code, message string) web.Answer {
	return dialect.JSON(status, wire.JSON(wire.Map{wire.P("error", code), wire.P("message", message)}))
}
