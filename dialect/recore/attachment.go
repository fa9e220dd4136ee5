package recore

import (
	"context"
	"errors"
	"io/fs"
	"net/http"

	"noren"
	"noren/web"
	"noren/wire"
)

// pathFile is where the temporary addresses point to.
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
	p, err := d.page(ctx, x)
	if err != nil {
		return web.Answer{}, err
	}
	answer := func(result any) web.Answer { return ok(wire.JSON(p.attachment(result.(noren.Attachment)))) }
	added, kept, err := d.Service.Attach(ctx, x.Caller, a, x.Once(answer))
	switch {
	case err != nil:
		return web.Answer{}, err
	case kept != nil:
		return web.Replayed(kept), nil
	}
	return answer(added), nil
}

// getFile serves a temporary address. The signature is the permission: whoever has the address may fetch the file until
// it expires. An unknown company is refused as a forged signature is, so that nobody learns which companies there are.
func (d *Dialect) getFile(ctx context.Context, x *web.Request) (web.Answer, error) {
	contract, key := x.Vars["contract"], x.Vars["file_key"]
	denied := &noren.Error{Kind: noren.Forbidden, Message: "the address was not made here, or has expired"}
	query, wrong := readQuery(x)
	if len(wrong) > 0 || !wire.Storable(contract) {
		return web.Answer{}, denied
	}
	tenant, err := d.Service.TenantByContract(ctx, contract)
	if err != nil && noren.KindOf(err) == noren.NotFound {
		return web.Answer{}, denied
	} else if err != nil {
		return web.Answer{}, err
	}
	secret, err := d.Service.TenantSecret(ctx, tenant.ID, noren.SecretFileLinks)
	if err != nil {
		return web.Answer{}, err
	}
	name := FileName(contract, key)
	if err := d.Links.Check(secret, name, query, d.Service.Now()); err != nil {
		return web.Answer{}, denied
	}
	u, err := d.Service.Upload(ctx, tenant.ID, key)
	if err != nil {
		return web.Answer{}, err
	}
	bytes, length, err := d.Files.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return web.Answer{}, &noren.Error{Kind: noren.NotFound, Field: "file", Value: key}
	}
	if err != nil {
		return web.Answer{}, err
	}
	// A file is a client's: a browser must neither show it as a page nor guess another type (web sends nosniff).
	a := web.Answer{Status: http.StatusOK, ContentType: u.MIMEType, Stream: bytes, Length: length}
	a = a.With("Content-Disposition", `attachment; filename="`+key+`"`)
	return a.With("Content-Security-Policy", "default-src 'none'; sandbox"), nil
}
