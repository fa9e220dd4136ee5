package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"noren/app/members"
	"noren/app/privacy"
	"noren/web"
)

// memberData sends everything that is stored of a member as a ZIP archive, for the person to whom it belongs.
func (d *Console) memberData(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	data, err := d.Rooms.Privacy.HandOut(ctx, p.caller(), id)
	if err != nil {
		return web.Answer{}, err
	}
	// In memory, so that a file that cannot be read is an error page and not half an archive.
	var archive bytes.Buffer
	err = privacy.WriteArchive(&archive, data, p.zone(), func(key string) (io.ReadCloser, error) {
		return members.OpenFile(ctx, d.Files, p.caller().Tenant.Contract, key)
	})
	if err != nil {
		return web.Answer{}, err
	}
	a := web.Answer{Status: http.StatusOK, ContentType: "application/zip", Body: archive.Bytes()}
	return a.With("Content-Disposition", fmt.Sprintf(`attachment; filename="member-%d.zip"`, id)), nil
}

// eraseMember erases a member, if the member's code was typed: nothing brings a person back.
func (d *Console) eraseMember(ctx context.Context, p *page) (web.Answer, error) {
	m, err := d.seeMember(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	if p.field("erase_code") != m.Code {
		p.wrong("erase_code", p.T("member.erase_code_wrong"))
		return d.again(ctx, p, func(*memberView) {})
	}
	_, err = d.Rooms.Privacy.Erase(ctx, p.caller(), m.ID)
	if err != nil && p.refused(err, map[string]string{"import": "erase_code"}) {
		return d.again(ctx, p, func(*memberView) {})
	}
	if err != nil {
		return web.Answer{}, err
	}
	return p.done("done.erased", memberPath(m.ID, "")), nil
}
