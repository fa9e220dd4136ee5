package recore

import (
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode"

	"noren"
	"noren/app/access"
	"noren/app/members"
	"noren/app/unit"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// pathFile is the path of temporary addresses.
const pathFile = "/files/{contract}/{file_key}"

// attachmentTable is the body of POST /members/{member_id}/attachments.
func attachmentTable() wire.Table[noren.Attachment] {
	type a = noren.Attachment
	return wire.NewTable(
		wire.Text("file_key", wire.ToValue(func(a *a) *string { return &a.FileKey })).Like(keyPattern()).Must().
			Says("ファイルキー。POST /upload/public または POST /upload/private の応答の値", ""),
		wire.Enum("tag", tags(), wire.ToValue(func(a *a) *noren.AttachmentTag { return &a.Tag })).Must().
			Says("タグ (GENERAL:一般ファイル、PHOTO:会員顔写真)", ""),
		wire.Text("file_name", wire.ToPointer(func(a *a) **string { return &a.FileName })).AtMost(100).OrNull().
			Says("ファイル名", "顔写真.jpg"),
	)
}

// postAttachment is POST /members/{member_id}/attachments 会員ファイル作成.
func (d *Dialect) postAttachment(ctx context.Context, x *web.Request) (web.Answer, error) {
	id, err := pathID(x, "member_id")
	if err != nil {
		return web.Answer{}, err
	}
	a := noren.Attachment{MemberID: id}
	if err := readObject(x.Body, d.tables.attachment, &a); err != nil {
		return web.Answer{}, err
	}
	// Before the write: the address of the file in the response needs a secret, which is read in a transaction of its
	// own.
	p, err := d.page(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	answer := func(added noren.Attachment) web.Answer { return ok(wire.JSON(p.attachment(added))) }
	return dialect.Once(x, answer, func(once *unit.Once) (noren.Attachment, *noren.KeptAnswer, error) {
		return d.Rooms.Members.Attach(ctx, x.Caller, a, once)
	})
}

// getFile serves a temporary address. The signature is the permission: anybody with the address may fetch the file until
// it expires. An unknown company is refused like a forged signature, so that nobody can find out which companies exist.
func (d *Dialect) getFile(ctx context.Context, x *web.Request) (web.Answer, error) {
	contract, key := x.Vars["contract"], x.Vars["file_key"]
	denied := &noren.Error{Kind: noren.Forbidden, Message: "the address was not signed by this server, or has expired"}
	// What is wrong with the query is not told either: whoever has an address from this server has one that can be
	// read.
	query, wrong := readQuery(x)
	if len(wrong) > 0 || !wire.Storable(contract) {
		return web.Answer{}, denied
	}
	tenant, err := d.Rooms.Access.TenantByContract(ctx, contract)
	if err != nil && noren.KindOf(err) == noren.NotFound {
		return web.Answer{}, denied
	} else if err != nil {
		return web.Answer{}, err
	}
	// All secrets that are valid now: an address signed shortly before the secret was replaced works until it expires.
	secrets, err := d.Rooms.Access.TenantSecrets(ctx, tenant.ID, access.SecretFileLinks)
	if err != nil {
		return web.Answer{}, err
	}
	name := members.FileName(contract, key)
	if !slices.ContainsFunc(secrets, func(secret string) bool { return d.Links.Check(secret, name, query, d.Rooms.Now()) == nil }) {
		return web.Answer{}, denied
	}
	// The row comes first: it has the type that was found in the bytes, and a file without a row is still being
	// uploaded, or about to be removed.
	u, err := d.Rooms.Members.Upload(ctx, tenant.ID, key)
	if err != nil {
		return web.Answer{}, err
	}
	bytes, length, err := d.Files.Open(ctx, name)
	// A row without its bytes is left where the database was restored and the files were not.
	if errors.Is(err, fs.ErrNotExist) {
		return web.Answer{}, &noren.Error{Kind: noren.NotFound, Field: "file", Value: key}
	}
	if err != nil {
		return web.Answer{}, members.FilesUnavailable(ctx, err)
	}
	// The file comes from a client: a browser must neither show it as a page nor guess another type (web sends nosniff).
	a := web.Answer{Status: http.StatusOK, ContentType: u.MIMEType, Stream: bytes, Length: length}
	saved := disposition(key, query.Get("name"))
	// A picture or a PDF may be looked at where the console asks for it. The type comes from the bytes, and neither runs anything
	// as this site; a browser shows no PDF in a sandbox.
	if picture := strings.HasPrefix(u.MIMEType, "image/"); query.Get("view") != "" && (picture || u.MIMEType == "application/pdf") {
		a = a.With("Content-Disposition", "inline"+strings.TrimPrefix(saved, "attachment"))
		return a.With("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'"), nil
	}
	a = a.With("Content-Disposition", saved)
	return a.With("Content-Security-Policy", "default-src 'none'; sandbox"), nil
}

// disposition makes a browser save the file instead of showing it, under the name that a person has given it. Every browser
// reads filename*, which is UTF-8; the key is for other programs. The type of a file was determined from its bytes, so its
// extension stays whatever the name says: a text must not be saved as a program.
func disposition(key, name string) string {
	header := `attachment; filename="` + key + `"`
	name = strings.Map(func(r rune) rune {
		// Cf has the marks of direction, which hide extensions.
		if unicode.IsControl(r) || strings.ContainsRune(`/\:*?"<>|`, r) || unicode.Is(unicode.Cf, r) {
			return '_'
		}
		return r
	}, name)
	// An attachment without a name, or an address made without one: the key alone is what the file is saved as.
	if name == "" {
		return header
	}
	if extension := path.Ext(key); !strings.EqualFold(path.Ext(name), extension) {
		name += extension
	}
	// QueryEscape writes a space as "+", which filename* would take literally.
	return header + "; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(name), "+", "%20")
}
