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
	"noren/app/imports"
	"noren/csvfile"
	"noren/web"
)

// importRoutes are the steps of an import: choose a file, check the mapping and the preview, start, follow the progress.
func (d *Console) importRoutes() []route {
	upload := post("/imports", noren.Admin, d.uploadImport).on("/imports")
	upload.stream, upload.bodyLimit = true, csvfile.MaxBytes+formAround
	return []route{
		get("/imports", noren.Admin, d.imports).named("imports.title").asks("page"),
		upload,
		get("/imports/{id}", noren.Admin, d.importPage).asks("encoding", "delimiter"),
		post("/imports/{id}", noren.Admin, d.setUpImport).on("/imports/{id}"),
		post("/imports/{id}/cancel", noren.Admin, d.cancelImport).on("/imports/{id}"),
		get("/imports/{id}/refused", noren.Admin, d.refusedLines).traces(),
	}
}

// formAround is the room for the multipart form around its file, in bytes.
const formAround = 64 << 10

// importList is the list of imports, with the form for a new one.
type importList struct {
	paging
	imports []noren.Import
	more    bool
	kind    string // the type selected in the form, as is the next
	reading
}

// imports shows the past imports and the form for a new one.
func (d *Console) imports(ctx context.Context, p *page) (web.Answer, error) {
	l, err := d.importList(ctx, p)
	if err != nil {
		return web.Answer{}, err
	}
	return p.show(ctx, importsView(p, l))
}

// importList reads the list, with the most common type selected in the form.
func (d *Console) importList(ctx context.Context, p *page) (l importList, err error) {
	l.paging, l.kind = p.paging(), string(noren.ImportMembers)
	list, err := d.Rooms.Imports.List(ctx, p.caller(), l.ask())
	l.imports, l.more = shownOf(l.paging, list.Items)
	return l, err
}

// uploadImport stores the lines of a file as a draft and redirects to its preview. A file that cannot be read shows the
// form again.
func (d *Console) uploadImport(ctx context.Context, p *page) (web.Answer, error) {
	kind, name, data, how, err := readUpload(p.x.Stream)
	if err != nil {
		return web.Answer{}, err
	}
	var draft noren.Import
	file, err := csvfile.ReadAs(kind, name, data, how.choice())
	if err == nil {
		file.Data = data // so that it can be read again in another way
		draft, err = d.Rooms.Imports.Draft(ctx, p.caller(), kind, file)
	}
	if err == nil {
		return p.redirect(how.draft(draft.ID)), nil
	}
	why, told := p.unreadable(err)
	if !told {
		return web.Answer{}, err
	}
	l, listed := d.importList(ctx, p)
	if listed != nil {
		return web.Answer{}, listed
	}
	l.kind, l.reading = string(kind), how
	p.wrong("file", why)
	return p.showAgain(ctx, importsView(p, l))
}

// readUpload reads the multipart form: the type, then the file. The file is kept in memory, which csvfile.MaxBytes and the
// body limit of the route bound.
func readUpload(body web.Stream) (kind noren.ImportKind, name string, data []byte, how reading, err error) {
	malformed := func(err error) error {
		if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return &noren.Error{Kind: noren.TooLarge, Field: web.FieldBody, Message: "the file is too large", Err: tooLarge}
		}
		return &noren.Error{Kind: noren.Invalid, Field: web.FieldBody, Message: "not a form with a file", Err: err}
	}
	_, params, err := mime.ParseMediaType(body.ContentType)
	if err != nil || params["boundary"] == "" {
		return "", "", nil, how, malformed(err)
	}
	parts := multipart.NewReader(body, params["boundary"])
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return kind, name, data, how, nil
		case err != nil:
			return "", "", nil, how, malformed(err)
		}
		content, err := readPart(part)
		if err != nil {
			return "", "", nil, how, malformed(err)
		}
		switch part.FormName() {
		case "kind":
			kind = noren.ImportKind(content)
		case "encoding":
			how.encoding = string(content)
		case "delimiter":
			how.delimiter = string(content)
		case "file":
			name, data = part.FileName(), content
		}
	}
}

// readPart reads one part of the form.
func readPart(part *multipart.Part) ([]byte, error) {
	defer part.Close()
	return io.ReadAll(part) // bounded by the body limit of the route
}

// importPage shows a draft with its preview, or the progress and result of an import.
func (d *Console) importPage(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	i, err := d.Rooms.Imports.Get(ctx, p.caller(), id)
	switch {
	case err != nil:
		return web.Answer{}, err
	case i.State == noren.ImportDraft:
		return d.showDraft(ctx, p, id, imports.Setup{})
	}
	r := importResult{Import: i}
	if i.Refused > 0 && i.State.Ended() { // not each second while it runs
		if r.problems, r.lines, err = d.Rooms.Imports.FirstProblems(ctx, p.caller(), id); err != nil {
			return web.Answer{}, err
		}
	}
	if p.part() {
		return p.show(ctx, importProgress(p, r))
	}
	return p.show(ctx, importView(p, r))
}

// importResult is an import that was started, with what is wrong with the first of the lines that it refused once it has ended.
type importResult struct {
	noren.Import

	problems []noren.ImportProblem
	lines    int // how many refused lines these are about
}

// showDraft shows the preview of a draft with the setup.
func (d *Console) showDraft(ctx context.Context, p *page, id int64, setup imports.Setup) (web.Answer, error) {
	preview, err := d.Rooms.Imports.Preview(ctx, p.caller(), id, setup)
	if err != nil {
		// The mapping is not valid: it is shown as chosen, without a preview.
		refusal := err
		if preview.Import, err = d.Rooms.Imports.Get(ctx, p.caller(), id); err != nil {
			return web.Answer{}, err
		}
		if !p.setupRefused(refusal, preview.Import.Kind, preview.Import.Columns) {
			return web.Answer{}, refusal
		}
		preview.Import.Source = setup.Source
		for n := range preview.Import.Columns {
			if n < len(setup.Fields) {
				preview.Import.Columns[n].Field = setup.Fields[n]
			}
		}
	}
	if len(p.problems) > 0 {
		return p.showAgain(ctx, draftView(p, preview))
	}
	return p.show(ctx, draftView(p, preview))
}

// setUpImport previews another mapping, reads the file in another way, or starts the import.
func (d *Console) setUpImport(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	i, err := d.Rooms.Imports.Get(ctx, p.caller(), id)
	if err != nil {
		return web.Answer{}, err
	}
	setup := imports.Setup{Source: p.field("source"), By: p.field("by")}
	for n := range i.Columns {
		setup.Fields = append(setup.Fields, p.field("column-"+number(n+1)))
	}
	switch p.field("deed") {
	case deedSave:
	case deedRead:
		return d.readAgain(ctx, p, i)
	default:
		return d.showDraft(ctx, p, id, setup)
	}
	_, err = d.Rooms.Imports.Start(ctx, p.caller(), id, setup)
	switch {
	case err == nil:
		return p.redirect("/imports/" + number(id)), nil
	case p.setupRefused(err, i.Kind, i.Columns):
		p.problems = nil // showDraft records them again
		return d.showDraft(ctx, p, id, setup)
	}
	return web.Answer{}, err
}

// setupRefused records why a mapping is not valid; false if the error is about something else.
func (p *page) setupRefused(err error, kind noren.ImportKind, columns []noren.ImportColumn) bool {
	list, ok := errors.AsType[noren.Refusals](err)
	for _, e := range list {
		at := slices.IndexFunc(columns, func(c noren.ImportColumn) bool { return c.Header == e.Value })
		switch field := p.fieldName(kind, e.Field); {
		case e.Reason == noren.ReasonDuplicate && at >= 0:
			p.wrong("column-"+number(at+1), p.T("imports.mapped_twice", field))
		case e.Reason == noren.ReasonMissing && e.Field == "fields":
			p.wrong("", p.T("imports.nothing_mapped"))
		case e.Reason == noren.ReasonMissing:
			p.wrong("", p.T("imports.not_mapped", field))
		default:
			p.wrong(e.Field, p.T("reason.invalid"))
		}
	}
	return ok
}

// cancelImport stops an import. Lines already imported stay.
func (d *Console) cancelImport(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err == nil {
		_, err = d.Rooms.Imports.Cancel(ctx, p.caller(), id)
	}
	return p.redirect("/imports/" + number(id)), err
}

// refusedLines sends the refused lines as CSV, each with its reasons in the user's language.
func (d *Console) refusedLines(ctx context.Context, p *page) (web.Answer, error) {
	id, err := p.id("id")
	if err != nil {
		return web.Answer{}, err
	}
	i, err := d.Rooms.Imports.Get(ctx, p.caller(), id)
	if err != nil {
		return web.Answer{}, err
	}
	if err := d.note(ctx, p, "export", "refused lines of import "+number(id), "exported"); err != nil {
		return web.Answer{}, err
	}
	// The lines are written while they are read from the database, so the memory does not grow with their number. An error
	// after the first byte can only break off the download.
	from, to := io.Pipe()
	go func() {
		buffered := bufio.NewWriter(to)
		w := csvfile.NewRefusedWriter(buffered, i, func(problem noren.ImportProblem) string { return p.problem(i.Kind, problem) })
		err := d.Rooms.Imports.RefusedLines(ctx, p.caller(), id, w.Write)
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

// fieldName is what a column of a file is mapped to, in the words that the console has for it; for what no page shows, in those of
// the files.
func (p *page) fieldName(kind noren.ImportKind, field string) string {
	keys := []string{"import_field." + field}
	if kind == noren.ImportMembers {
		keys = append(keys, "member."+field)
	}
	for _, key := range keys {
		if p.console.words[key] != (text{}) {
			return p.T(key)
		}
	}
	if label := csvfile.Labels(kind)[field]; label != "" && p.lang == japanese {
		return label
	}
	return strings.ReplaceAll(field, "_", " ")
}

// problem is the sentence for a problem of a line, with the field and the value.
func (p *page) problem(kind noren.ImportKind, problem noren.ImportProblem) string {
	key := "import_problem." + string(problem.Reason)
	if _, known := p.console.words[key]; !known {
		key = "import_problem.other"
	}
	words, limit := p.T(key), "import_limit."+string(problem.Reason)
	if _, known := p.console.words[limit]; known && problem.Limit != "" {
		words = p.T(limit, csvfile.LimitIn(problem, p.lang == japanese))
	} else if problem.Limit != "" {
		words += " (" + problem.Limit + ")"
	}
	switch problem.Reason {
	case noren.ReasonOtherPerson, noren.ReasonNumberAlone:
		fix := "import_fix.other_person"
		if problem.Field == "id" {
			fix = "import_fix.other_id"
		}
		words += p.T(fix)
	case noren.ReasonDiffers:
		if kind == noren.ImportPoints {
			words += p.T("import_fix.differs_points")
		}
	case noren.ReasonAlike:
		switch kind {
		case noren.ImportMembers, noren.ImportProducts:
			words += p.T("import_fix.alike_" + string(kind))
		default:
			words += p.T("import_fix.alike")
		}
	}
	name := p.fieldName(kind, problem.Field)
	switch {
	case problem.Field == "":
		return words
	case problem.Value == "":
		return p.T("imports.problem", name, words)
	}
	return p.T("imports.problem_of_value", name, problem.Value, words)
}

// columnChoices are the fields that a column can be mapped to, and not importing it.
func (p *page) columnChoices(kind noren.ImportKind) []choice {
	choices := []choice{{"", p.T("imports.left_out")}}
	for _, f := range imports.ImportFields(kind) {
		choices = append(choices, choice{f.Name, p.fieldName(kind, f.Name)})
	}
	return choices
}

// kindChoices are the types of import.
func (p *page) kindChoices() []choice {
	var choices []choice
	for _, kind := range noren.ImportKinds() {
		choices = append(choices, choice{string(kind), p.T("import_kind." + string(kind))})
	}
	return choices
}

// unfinished reports whether the import is waiting or running, so that its page polls for progress.
func unfinished(i noren.Import) bool {
	return slices.Contains([]noren.ImportState{noren.ImportWaiting, noren.ImportRunning}, i.State)
}

// importColumnName is the field that a column is mapped to, or its header if it is not imported.
func (p *page) importColumnName(kind noren.ImportKind, c noren.ImportColumn) string {
	if c.Field == "" {
		return c.Header
	}
	return p.fieldName(kind, c.Field)
}

// samples are some values of a column, to recognise what it contains.
func (p *page) samples(c noren.ImportColumn) string {
	return p.conceal(c.Field, strings.Join(c.Samples, " · "))
}

// importCell is the cell of a line in the column n.
func (p *page) importCell(i noren.Import, n int, cell string) string {
	if n >= len(i.Columns) {
		return cell
	}
	return p.conceal(i.Columns[n].Field, cell)
}
