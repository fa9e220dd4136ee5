package console

import (
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"noren"
	"noren/app/members"
	"noren/web"
)

// mostFileName is the longest file name that is stored, in characters.
const mostFileName = 100

// attach stores the file of the form and attaches it to the member. The file is the last part of the form, so that it can
// go to the store without being held in memory.
func (d *Console) attach(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.Rooms.Members.Get(ctx, p.caller(), id); err != nil {
		return web.Answer{}, err
	}
	a := noren.Attachment{MemberID: id, Tag: noren.GeneralFile}
	err = d.receive(ctx, p, &a)
	if err == nil {
		_, _, err = d.Rooms.Members.Attach(ctx, p.caller(), a, nil)
	}
	switch {
	case err == nil:
		return p.done("done.attached", memberPath(id, "")), nil
	case noren.KindOf(err) == noren.Invalid:
		_, names := p.fileTypes()
		why := p.T("attachments.types", names, members.MaxUpload>>20)
		if e, known := errors.AsType[*noren.Error](err); known && e.Reason == noren.ReasonFileName {
			why = p.T("attachments.misnamed", e.Value) + why
		}
		p.wrong("file", why)
		return d.again(ctx, p, func(*memberView) {})
	}
	return web.Answer{}, err
}

// receive reads the form and stores its file.
func (d *Console) receive(ctx context.Context, p *page, a *noren.Attachment) error {
	parts, err := p.x.HTTP.MultipartReader()
	if err != nil {
		return &noren.Error{Kind: noren.Invalid, Field: web.FieldBody, Message: "not a form with a file", Err: err}
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
			file := members.NewFile{Bytes: part, Declared: part.Header.Get("Content-Type"), Name: part.FileName()}
			u, _, err := d.Rooms.Members.KeepFile(ctx, p.caller(), d.Files, file, nil)
			a.FileKey = u.FileKey
			if err == nil && a.Tag == noren.PhotoFile && !strings.HasPrefix(u.MIMEType, "image/") {
				a.Tag = noren.GeneralFile // a file that is not a picture cannot be the member's photo
			}
			return err
		}
	}
}

// unreadable is the error for a form that could not be read: a known one, such as a body that is too large, or a form that
// breaks off.
func unreadable(err error) error {
	if e, known := errors.AsType[*noren.Error](err); known {
		return e
	}
	return &noren.Error{Kind: noren.Invalid, Field: web.FieldBody, Message: "the form breaks off", Err: err}
}

// fileName is the name that the browser gives the file, without directories and cut to mostFileName before its ending; "" if nothing is
// left.
func fileName(name string) string {
	name = noren.Storable(path.Base(strings.ReplaceAll(name, `\`, "/")))
	if name == "." || name == "/" {
		return ""
	}
	runes, ending := []rune(noren.Trimmed(name)), ""
	if noren.FileEnding(name) != "" {
		ending = path.Ext(string(runes))
	}
	if len(runes) > mostFileName {
		return string(runes[:mostFileName-len(ending)]) + ending
	}
	return string(runes)
}

// deleteAttachment removes an attachment from a member.
func (d *Console) deleteAttachment(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	attachment, err := p.id("attachment")
	if err != nil {
		return web.Answer{}, err
	}
	if _, err := d.Rooms.Members.DeleteAttachment(ctx, p.caller(), id, attachment, nil); err != nil {
		return web.Answer{}, err
	}
	return p.done("done.deleted", memberPath(id, "")), nil
}

// attachmentName is the text of the link to an attachment: its name, or its key if it has none.
func attachmentName(a noren.Attachment) string {
	if a.FileName != nil && *a.FileName != "" {
		return *a.FileName
	}
	return a.FileKey
}

// canBeViewed reports whether a browser shows files of the type: pictures and PDF.
func canBeViewed(a noren.Attachment) bool { return isPicture(a) || a.MIMEType == "application/pdf" }

// fileTypes are the types that may be uploaded, as a file field wants them and as people call them.
func (p *page) fileTypes() (accept, names string) {
	var types, extensions []string
	for _, t := range members.FileTypes() {
		types, extensions = append(types, t.MIME), append(extensions, strings.ToUpper(t.Extension))
	}
	return strings.Join(types, ","), strings.Join(extensions, p.T("attachments.between"))
}

// isPicture reports whether a browser can show the file as a picture.
func isPicture(a noren.Attachment) bool { return strings.HasPrefix(a.MIMEType, "image/") }
