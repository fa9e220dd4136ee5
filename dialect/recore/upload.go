package recore

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"noren"
	"noren/app/members"
	"noren/app/unit"
	"noren/dialect"
	"noren/web"
	"noren/wire"
)

// fieldFile is the field of a multipart body, and the key under which problems of a file are reported.
const fieldFile = "file"

// postUpload is POST /upload/public and /upload/private ファイルアップロード. The file goes from the socket to the store
// without being held in memory.
func (d *Dialect) postUpload(public bool) dialect.Handler {
	return func(ctx context.Context, x *web.Request) (web.Answer, error) {
		answer := func(result any) web.Answer {
			u := result.(noren.Upload) //nolint:forcetypeassert // it is what KeepFile keeps
			return ok(wire.JSON(wire.Map{wire.P("file_key", u.FileKey)}))
		}
		file := members.NewFile{Bytes: x.Stream, Declared: x.Stream.ContentType, Name: x.Stream.FileName, Public: public}
		// The Once is made when the file has been read: what makes a repeated request the same is the bytes, which are
		// known then.
		u, kept, err := d.Rooms.Members.KeepFile(ctx, x.Caller, d.Files, file, func() *unit.Once { return x.Once(answer) })
		switch {
		case err != nil:
			return web.Answer{}, fileRefused(err)
		case kept != nil:
			return web.Replayed(kept), nil
		}
		return answer(u), nil
	}
}

// fileRefused says what is wrong with a file in the words of this API.
func fileRefused(err error) error {
	e, refused := errors.AsType[*noren.Error](err)
	switch {
	case !refused || e.Field != fieldFile:
		return err
	case e.Reason == noren.ReasonMissing:
		return dialect.Wrong(fieldFile, sentence(fieldFile, "can't be blank"))
	case e.Reason == noren.ReasonFileType:
		return dialect.Wrong(fieldFile, sentence(fieldFile, "must be of type "+typeNames()))
	case e.Reason == noren.ReasonFileName:
		return dialect.Wrong(fieldFile, sentence(fieldFile, e.Message))
	case e.Reason == noren.ReasonForm:
		return dialect.Wrong(keyBody, sentence(keyBody, "is not a valid multipart form"))
	}
	return err
}

// openUpload finds the file in the body: all of it, or the field file of a multipart one.
func openUpload(r *http.Request) (web.Stream, error) {
	declared := r.Header.Get("Content-Type")
	// A Content-Type that cannot be read is no form, and then the body is the file: its type is told by its bytes
	// anyway.
	if kind, _, _ := mime.ParseMediaType(declared); kind != "multipart/form-data" {
		return web.Stream{Reader: r.Body, ContentType: declared}, nil
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return web.Stream{}, dialect.Wrong(keyBody, sentence(keyBody, "is not a valid multipart form"))
	}
	for {
		// Parts before the file are read over, not kept; whatever comes behind it is never read.
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return web.Stream{}, dialect.Wrong(fieldFile, sentence(fieldFile, "can't be blank"))
		}
		if err != nil {
			return web.Stream{}, unreadable(err)
		}
		if part.FormName() == fieldFile {
			// The part's own type and not that of the body, which is the form's.
			return web.Stream{Reader: part, ContentType: part.Header.Get("Content-Type"), FileName: part.FileName()}, nil
		}
	}
}

// unreadable is an error of reading the body: one that web has already translated, or a form that breaks off.
func unreadable(err error) error {
	if e, known := errors.AsType[*noren.Error](err); known {
		return e
	}
	return dialect.Wrong(keyBody, sentence(keyBody, "is not a valid multipart form"))
}

func typeNames() string {
	var names []string
	for _, t := range members.FileTypes() {
		names = append(names, t.MIME)
	}
	return strings.Join(names, ", ")
}
