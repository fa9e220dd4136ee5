package console

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"
	"unicode/utf8"

	"noren"
	"noren/web"
)

// Files keeps the files that people attach, and makes the addresses by which they are fetched.
type Files interface {
	// Keep stores a file of the caller's tenant; declared is the type that the browser gives it. Invalid where the file
	// is empty or of a type that is not taken.
	Keep(ctx context.Context, c noren.Caller, declared string, file io.Reader, public bool) (noren.Upload, error)
	// FilePaths answers how a file's key becomes the path, with its query, of its temporary address.
	FilePaths(ctx context.Context, t noren.Tenant) (path func(fileKey string) string, err error)
}

// maxUpload is the largest file, with the few bytes that a form has around it. It is that of the API.
const maxUpload = 20 << 20

// mostFileName bounds the name of a file, in characters.
const mostFileName = 100

// attach stores the file of the form and ties it to the member. The form says first what the file is: the file comes
// last, and goes to the store without being held in memory.
func (d *Console) attach(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.Service.Member(ctx, p.caller(), id); err != nil {
		return web.Answer{}, err
	}
	a := noren.Attachment{MemberID: id, Tag: noren.GeneralFile}
	err = d.receive(ctx, p, &a)
	if err == nil {
		_, _, err = d.Service.Attach(ctx, p.caller(), a, nil)
	}
	switch {
	case err == nil:
		return p.done("done.attached", memberPath(id, "")), nil
	case noren.KindOf(err) == noren.Invalid:
		p.wrong("file", p.T("attachments.types"))
		return d.again(ctx, p, func(*memberView) {})
	}
	return web.Answer{}, err
}

// receive reads the form.
func (d *Console) receive(ctx context.Context, p *page, a *noren.Attachment) error {
	parts, err := p.x.HTTP.MultipartReader()
	if err != nil {
		return &noren.Error{Kind: noren.Invalid, Field: web.FieldBody, Message: "this is no form with a file", Err: err}
	}
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return &noren.Error{Kind: noren.Invalid, Field: "file", Message: "the form has no file"}
		case err != nil:
			return unreadable(err)
		case part.FormName() == "photo":
			a.Tag = noren.PhotoFile
		case part.FormName() == "file":
			if name := fileName(part.FileName()); name != "" {
				a.FileName = &name
			}
			u, err := d.Files.Keep(ctx, p.caller(), part.Header.Get("Content-Type"), part, false)
			a.FileKey = u.FileKey
			if err == nil && a.Tag == noren.PhotoFile && !strings.HasPrefix(u.MIMEType, "image/") {
				a.Tag = noren.GeneralFile // a photo is a picture
			}
			return err
		}
	}
}

// unreadable is an error of reading a form: one that is known already, or a form that breaks off.
func unreadable(err error) error {
	if e, known := errors.AsType[*noren.Error](err); known {
		return e
	}
	return &noren.Error{Kind: noren.Invalid, Field: web.FieldBody, Message: "the form breaks off", Err: err}
}

// fileName is the last part of what the browser calls the file, cut to what is kept.
func fileName(name string) string {
	name = storable(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if name == "." || name == "/" {
		return ""
	}
	for utf8.RuneCountInString(name) > mostFileName {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name
}

// deleteAttachment takes an attachment off a member.
func (d *Console) deleteAttachment(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	attachment, err := p.id("attachment")
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.Service.DeleteAttachment(ctx, p.caller(), id, attachment, nil); err != nil {
		return web.Answer{}, err
	}
	return p.done("done.deleted", memberPath(id, "")), nil
}

// attachmentName is what the link to an attachment says.
func attachmentName(a noren.Attachment) string {
	if a.FileName != nil && *a.FileName != "" {
		return *a.FileName
	}
	return a.FileKey
}

// isPicture reports whether a browser can show the file as a picture.
func isPicture(a noren.Attachment) bool { return strings.HasPrefix(a.MIMEType, "image/") }
