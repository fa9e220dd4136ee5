// Package recore implements the members API of ReCORE (ReCORE.co-api): members, their points, notes and attachments,
// and the staff. It has only words and conversions; the rules are in package noren. README.md lists every endpoint and
// field, and the decisions where the documents are silent.
package recore

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"noren"
	"noren/app/access"
	"noren/app/members"
	"noren/app/points"
	"noren/app/stock"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// Links signs the temporary addresses of files.
type Links interface {
	// Link returns the query of an address of the file that works for some time from now, and under which it is saved as
	// shown, or shown by a browser if view is set.
	Link(secret, name, shown string, view bool, now time.Time) url.Values
	// Check returns nil if the query was made by Link for the file and has not expired.
	Check(secret, name string, query url.Values, now time.Time) error
}

// Rooms are the use cases that the dialect speaks for.
type Rooms struct {
	Now     func() time.Time
	Access  *access.Service
	Members *members.Service
	Points  *points.Service
	Stock   *stock.Service
}

// Config is what the dialect is made from.
type Config struct {
	Rooms   Rooms
	Files   members.FileStore
	Links   Links
	BaseURL string // the server's address for clients; "": taken from each request
	Version string // of the server, for the OpenAPI document
}

// Dialect implements web.Dialect. It is made by New.
type Dialect struct {
	*dialect.Table
	Config
	tables tables
	lists  lists
	view   wire.View[member]
	proven provenKeys
}

// tables decode the bodies of requests.
type tables struct {
	created, changed, changedRow wire.Table[noren.MemberPatch]
	points                       wire.Table[points.Adjustment]
	note                         wire.Table[noren.Note]
	attachment                   wire.Table[noren.Attachment]
}

// lists parse the queries of requests.
type lists struct {
	members list[noren.MemberFilter]
	notes   list[noren.NoteFilter]
	staff   list[staffFilter]
}

// New makes the dialect.
func New(c Config) *Dialect {
	// Paths of files begin with a slash.
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
	// Last, because the endpoints take the schemas and parameters from the tables above, and handlers from d itself.
	d.Table = dialect.New(d.spec())
	return d
}

// Claim accepts /members…, /staffs…, /upload/… and /files/…. A trailing slash makes no difference.
func (d *Dialect) Claim(path string) (web.Claim, bool) {
	path = strings.TrimSuffix(path, "/")
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch first {
	case "members", "staffs", "upload", "files":
		return web.Claim{Path: path}, true
	}
	return web.Claim{}, false
}

// RateKey counts by endpoint, key and client address, as on the common page. A page with photos fetches many files at
// once, so each file is counted separately.
func (d *Dialect) RateKey(x *web.Request) string {
	endpoint := x.Route.Method + " " + x.Route.Pattern
	if x.Route.Pattern == pathFile {
		// The address of a file has no key by which to count.
		return fmt.Sprintf("%s %s/%s %s", endpoint, x.Vars["contract"], x.Vars["file_key"], x.Address)
	}
	return fmt.Sprintf("%s %d:%d %s", endpoint, x.Caller.Tenant.ID, x.Caller.Client.ID, x.Address)
}
