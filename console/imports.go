package console

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"

	"noren"
	"noren/csvfile"
	"noren/web"
)

// importRoutes are files of many lines: chosen, looked at, and applied in the background.
func (d *Console) importRoutes() []route {
	upload := post("/imports", noren.Admin, d.uploadImport)
	upload.stream, upload.bodyLimit = true, csvfile.MaxBytes+formAround
	return []route{
		get("/imports", noren.Admin, d.imports).named("imports.title"),
		upload,
		get("/imports/{id}", noren.Admin, d.importPage),
		post("/imports/{id}", noren.Admin, d.setUpImport),
		post("/imports/{id}/cancel", noren.Admin, d.cancelImport),
		get("/imports/{id}/refused", noren.Admin, d.refusedLines),
	}
}

// formAround is what a multipart form has around its file, in bytes.
const formAround = 64 << 10

// importList is the list of imports with the form for another.
type importList struct {
	paging
	imports []noren.Import
	more    bool
	kind    string // of the file that is to be chosen
}

// imports lists what was imported, and takes another file.
func (d *Console) imports(ctx context.Context, p *page) (web.Answer, error) {
	l, err := d.importList(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, importsView(p, l))
}

func (d *Console) importList(ctx context.Context, p *page) (l importList, err error) {
	l.paging, l.kind = p.paging(), string(noren.ImportMembers)
	list, err := d.Service.Imports(ctx, p.caller(), l.ask())
	l.imports, l.more = shownOf(l.paging, list.Items)
	return l, err
}

// uploadImport takes a file and goes on to what it would do.
func (d *Console) uploadImport(ctx context.Context, p *page) (web.Answer, error) {
	kind, name, data, err := readUpload(p.x.Stream)
	if err != nil {
		return web.Answer{}, err
	}
	var draft noren.Import
	file, err := csvfile.Read(kind, name, data)
	if err == nil {
		draft, err = d.Service.DraftImport(ctx, p.caller(), kind, file)
	}
	if err == nil {
		return p.redirect("/imports/" + number(draft.ID)), nil
	}
	e, ok := errors.AsType[*noren.Error](err)
	if !ok || e.Kind != noren.Invalid && e.Kind != noren.TooLarge {
		return web.Answer{}, err
	}
	l, listed := d.importList(ctx, p)
	if listed != nil {
		return web.Answer{}, listed
	}
	l.kind = string(kind)
	p.wrong("file", p.T("imports.unreadable", e.Message))
	return p.showAgain(ctx, importsView(p, l))
}

// readUpload reads the form of a file. Its parts are the kind, then the file.
func readUpload(body web.Stream) (kind noren.ImportKind, name string, data []byte, err error) {
	malformed := func(err error) error {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return &noren.Error{Kind: noren.TooLarge, Field: web.FieldBody, Message: "the file is too large", Err: tooLarge}
		}
		return &noren.Error{Kind: noren.Invalid, Field: web.FieldBody, Message: "this is not the form of a file", Err: err}
	}
	_, params, err := mime.ParseMediaType(body.ContentType)
	if err != nil || params["boundary"] == "" {
		return "", "", nil, malformed(err)
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return kind, name, data, nil
		case err != nil:
			return "", "", nil, malformed(err)
		}
		content, err := readPart(part)
		if err != nil {
			return "", "", nil, malformed(err)
		}
		switch part.FormName() {
		case "kind":
			kind = noren.ImportKind(content)
		case "file":
			name, data = part.FileName(), content
		}
	}
}

func readPart(part *multipart.Part) ([]byte, error) {
	defer part.Close()
	return io.ReadAll(part) // the body has a limit
}

// importPage shows a draft with what it would do, or how far an import is.
func (d *Console) importPage(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	i, err := d.Service.Import(ctx, p.caller(), id)
	switch {
	case err != nil:
		return web.Answer{}, err
	case i.State == noren.ImportDraft:
		return d.showDraft(ctx, p, id, noren.ImportSetup{})
	case p.part():
		return p.show(ctx, importProgress(p, i))
	}
	return p.show(ctx, importView(p, i))
}

// showDraft shows what the draft would do with the setup.
func (d *Console) showDraft(ctx context.Context, p *page, id int64, setup noren.ImportSetup) (web.Answer, error) {
	preview, err := d.Service.PreviewImport(ctx, p.caller(), id, setup)
	if err != nil && !p.setupRefused(err) {
		return web.Answer{}, err
	}
	if err != nil {
		// The columns cannot be taken for what was chosen: they are shown as chosen, without what would come of it.
		if preview.Import, err = d.Service.Import(ctx, p.caller(), id); err != nil {
			return web.Answer{}, err
		}
		for n := range preview.Import.Columns {
			if n < len(setup.Fields) {
				preview.Import.Columns[n].Field = setup.Fields[n]
			}
		}
		return p.showAgain(ctx, draftView(p, preview))
	}
	return p.show(ctx, draftView(p, preview))
}

// setUpImport shows what other columns would do, or starts the import.
func (d *Console) setUpImport(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	i, err := d.Service.Import(ctx, p.caller(), id)
	if err != nil {
		return web.Answer{}, err
	}
	setup := noren.ImportSetup{Source: p.field("source")}
	for n := range i.Columns {
		setup.Fields = append(setup.Fields, p.field("column-"+number(n+1)))
	}
	if p.field("deed") != deedSave {
		return d.showDraft(ctx, p, id, setup)
	}
	_, err = d.Service.StartImport(ctx, p.caller(), id, setup)
	switch {
	case err == nil:
		return p.redirect("/imports/" + number(id)), nil
	case p.setupRefused(err):
		p.problems = nil // showDraft says them again
		return d.showDraft(ctx, p, id, setup)
	}
	return web.Answer{}, err
}

// setupRefused notes why columns cannot be taken for what was chosen.
func (p *page) setupRefused(err error) bool {
	list, ok := errors.AsType[noren.Refusals](err)
	for _, e := range list {
		p.wrong("", p.T("imports.setup_refused", p.fieldName(e.Field, nil)))
	}
	return ok
}

// cancelImport ends an import where it is.
func (d *Console) cancelImport(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err == nil {
		_, err = d.Service.CancelImport(ctx, p.caller(), id)
	}
	return p.redirect("/imports/" + number(id)), err
}

// refusedLines is a file of the lines that were refused, each with its reason.
func (d *Console) refusedLines(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	i, err := d.Service.Import(ctx, p.caller(), id)
	if err != nil {
		return web.Answer{}, err
	}
	from, to := io.Pipe()
	go func() {
		buffered := bufio.NewWriter(to)
		w := csvfile.NewRefusedWriter(buffered, i, func(problem noren.ImportProblem) string { return p.problem(i.Kind, problem) })
		err := d.Service.RefusedLines(ctx, p.caller(), id, w.Write)
		if closed := w.Close(); err == nil {
			err = closed
		}
		if flushed := buffered.Flush(); err == nil {
			err = flushed
		}
		_ = to.CloseWithError(err) // always nil
	}()
	a := web.Answer{Status: http.StatusOK, ContentType: "text/csv; charset=utf-8", Stream: from, Length: -1}
	return a.With("Content-Disposition", fmt.Sprintf(`attachment; filename="refused-%d.csv"`, id)), nil
}

// fieldName is what people call a field of an import.
func (p *page) fieldName(field string, labels map[string]string) string {
	if label := labels[field]; label != "" && p.lang == japanese {
		return label
	}
	return strings.ReplaceAll(field, "_", " ")
}

// problem says in a sentence what is wrong with a line.
func (p *page) problem(kind noren.ImportKind, problem noren.ImportProblem) string {
	key := "import_problem." + string(problem.Reason)
	if _, known := p.console.words[key]; !known {
		key = "import_problem.other"
	}
	words := p.T(key)
	if problem.Limit != "" {
		words += " (" + problem.Limit + ")"
	}
	name := p.fieldName(problem.Field, csvfile.Labels(kind))
	switch {
	case problem.Field == "":
		return words
	case problem.Value == "":
		return p.T("imports.problem", name, words)
	}
	return p.T("imports.problem_of_value", name, problem.Value, words)
}

// columnChoices are what a column can be taken for.
func (p *page) columnChoices(kind noren.ImportKind) []choice {
	labels := csvfile.Labels(kind)
	choices := []choice{{"", p.T("imports.left_out")}}
	for _, f := range noren.ImportFields(kind) {
		choices = append(choices, choice{f.Name, p.fieldName(f.Name, labels)})
	}
	return choices
}

// kindChoices are the kinds of import.
func (p *page) kindChoices() []choice {
	var choices []choice
	for _, kind := range noren.ImportKinds() {
		choices = append(choices, choice{string(kind), p.T("import_kind." + string(kind))})
	}
	return choices
}

// unfinished reports whether the import is on its way, so that its page looks again.
func unfinished(i noren.Import) bool {
	return slices.Contains([]noren.ImportState{noren.ImportWaiting, noren.ImportRunning}, i.State)
}

// importColumnName is what the column is taken for, or its header where it is left out.
func (p *page) importColumnName(kind noren.ImportKind, c noren.ImportColumn) string {
	if c.Field == "" {
		return c.Header
	}
	return p.fieldName(c.Field, csvfile.Labels(kind))
}

// samples are some of a column's values.
func samples(c noren.ImportColumn) string { return strings.Join(c.Samples, " · ") }
