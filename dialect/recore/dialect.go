// Package recore speaks the members API of ReCORE (ReCORE.co-api): members, their points, notes and attachments, and
// the staff. It holds words and conversions only; the rules are in package noren. README.md lists every endpoint and
// field, and what was decided where the documents are silent.
package recore

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"noren"
	"noren/web"
	"noren/wire"
)

// Files keeps the bytes of attachments by name; FileName says how they are named.
type Files interface {
	// Put stores what r gives, all or nothing, and answers how many bytes that were. An error of r is answered as it is.
	Put(ctx context.Context, name string, r io.Reader) (int64, error)
	// Open answers the file's bytes and their number; fs.ErrNotExist where there is no such file.
	Open(ctx context.Context, name string) (io.ReadCloser, int64, error)
	// Remove removes the file. One that is not there is no error.
	Remove(ctx context.Context, name string) error
}

// Links signs the temporary addresses of files.
type Links interface {
	// Link answers the query of an address of the file that works for a while from now.
	Link(secret, name string, now time.Time) url.Values
	// Check answers nil if the query was made by Link for the file and has not expired.
	Check(secret, name string, query url.Values, now time.Time) error
}

// Config is what the dialect needs.
type Config struct {
	Service *noren.Service
	Files   Files
	Links   Links
	BaseURL string // by which clients reach the server; "": taken from each request
	Version string // of the server, for the OpenAPI document
}

// FileName is the name under which a tenant's file is kept.
func FileName(contract, fileKey string) string { return contract + "/" + fileKey }

// Dialect implements web.Dialect. It is made by New.
type Dialect struct {
	Config
	endpoints []endpoint
	document  []byte
	tables    tables
	lists     lists
	view      wire.View[member]
}

// tables are the bodies that requests have.
type tables struct {
	created, changed, changedRow wire.Table[noren.MemberPatch]
	points                       wire.Table[noren.PointAdjustment]
	note                         wire.Table[noren.Note]
	attachment                   wire.Table[noren.Attachment]
}

// lists are the queries that requests have.
type lists struct {
	members list[noren.MemberFilter]
	notes   list[noren.NoteFilter]
	staff   list[staffFilter]
}

// New makes the dialect.
func New(c Config) *Dialect {
	c.BaseURL = strings.TrimSuffix(c.BaseURL, "/")
	d := &Dialect{
		Config: c,
		tables: tables{
			created: wire.NewTable(memberFields()...), changed: wire.NewTable(memberFields()...), changedRow: rowTable(),
			points: pointTable(), note: noteTable(), attachment: attachmentTable(),
		},
		lists: lists{members: memberList(), notes: noteList(), staff: staffList()},
		view:  memberView(),
	}
	d.endpoints = d.newEndpoints()
	d.document = d.newDocument()
	return d
}

// Name is part of web.Dialect.
func (d *Dialect) Name() noren.Dialect { return noren.ReCORE }

// OpenAPI is part of web.Dialect.
func (d *Dialect) OpenAPI() []byte { return d.document }

// Routes is part of web.Dialect.
func (d *Dialect) Routes() []web.Route {
	routes := make([]web.Route, len(d.endpoints))
	for i, e := range d.endpoints {
		routes[i] = e.Route
	}
	return routes
}

// Claim takes /members…, /staffs…, /upload/… and /files/…. A slash at the end makes no difference.
func (d *Dialect) Claim(path string) (web.Claim, bool) {
	path = strings.TrimSuffix(path, "/")
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "members", "staffs", "upload", "files":
		return web.Claim{Path: path}, true
	}
	return web.Claim{}, false
}

// Paces are the documented ones of the members' page: 5 reads and 2 writes a second.
func (d *Dialect) Paces() web.Paces {
	return web.Paces{Read: web.Pace{PerSecond: 5}, Write: web.Pace{PerSecond: 2}}
}

// PaceKey counts by endpoint, key and client address, as the common page says. A page that shows photos fetches many
// files at once, so files are counted one by one.
func (d *Dialect) PaceKey(x *web.Request) string {
	endpoint := x.Route.Method + " " + x.Route.Pattern
	if x.Route.Pattern == pathFile {
		return fmt.Sprintf("%s %s/%s %s", endpoint, x.Vars["contract"], x.Vars["file_key"], x.Address)
	}
	return fmt.Sprintf("%s %d:%d %s", endpoint, x.Caller.Tenant.ID, x.Caller.Client.ID, x.Address)
}
