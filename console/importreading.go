package console

import (
	"context"
	"errors"
	"net/url"

	"noren"
	"noren/app/imports"
	"noren/csvfile"
	"noren/web"
)

// reading is how a person says that a file is to be read, as the form names it; "": detected.
type reading struct{ encoding, delimiter string }

// reading is what the form has, or the address.
func (p *page) reading() reading {
	if p.form != nil {
		return reading{p.field("encoding"), p.field("delimiter")}
	}
	return reading{
		p.chosen("encoding", p.T("imports.encoding"), p.encodingChoices()), p.chosen("delimiter", p.T("imports.delimiter"), p.delimiterChoices()),
	}
}

func (r reading) choice() csvfile.Choice {
	return csvfile.Choice{Encoding: r.encoding, Delimiter: delimiters()[r.delimiter]}
}

// draft is the page of the draft that was read like this, whose form shows it.
func (r reading) draft(id int64) string {
	path := "/imports/" + number(id)
	if r == (reading{}) {
		return path
	}
	return path + "?" + url.Values{"encoding": {r.encoding}, "delimiter": {r.delimiter}}.Encode()
}

// readAgain reads the file of a draft in another encoding or with another delimiter, without sending it again.
func (d *Console) readAgain(ctx context.Context, p *page, i noren.Import) (web.Answer, error) {
	how := p.reading()
	data, err := d.Rooms.Imports.File(ctx, p.caller(), i.ID)
	var file noren.ImportFile
	if err == nil {
		file, err = csvfile.ReadAs(i.Kind, i.FileName, data, how.choice())
	}
	if err == nil {
		_, err = d.Rooms.Imports.ReadAgain(ctx, p.caller(), i.ID, file)
	}
	if err == nil {
		return p.redirect(how.draft(i.ID)), nil
	}
	why, told := p.unreadable(err)
	switch {
	case told:
	case noren.KindOf(err) == noren.Conflict:
		why = p.T("imports.file_gone")
	default:
		return web.Answer{}, err
	}
	// The draft stays as it was read before.
	p.wrong("encoding", why)
	return d.showDraft(ctx, p, i.ID, imports.Setup{})
}

// unreadable is why a file cannot be read; false if the error is about something else.
func (p *page) unreadable(err error) (why string, told bool) {
	e, ok := errors.AsType[*noren.Error](err)
	if !ok || e.Kind != noren.Invalid && e.Kind != noren.TooLarge {
		return "", false
	}
	why = e.Message
	if unreadable, ok := errors.AsType[*csvfile.Error](err); ok {
		why = p.T("file_fault."+string(unreadable.Fault), unreadable.Args...)
	}
	return p.T("imports.unreadable", why), true
}
