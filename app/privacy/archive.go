package privacy

import (
	"archive/zip"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
)

// WriteArchive writes the data as a ZIP archive: data.json for programs, data.html for people, and the files. open returns the
// bytes of a file; one that is missing is named in the page and left out.
func WriteArchive(w io.Writer, d Data, zone *time.Location, open func(fileKey string) (io.ReadCloser, error)) error {
	archive := zip.NewWriter(w)
	// Made whole before anything is written, so that an error does not leave half a file in the archive.
	text, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return fmt.Errorf("writing the data of a person: %w", err)
	}
	if err := add(archive, "data.json", d.ReadAt, func(to io.Writer) error { _, err := to.Write(text); return err }); err != nil {
		return err
	}
	if err := add(archive, "data.html", d.ReadAt, func(to io.Writer) error { return readable.Execute(to, sections(d, zone)) }); err != nil {
		return err
	}
	for _, a := range d.Files {
		from, err := open(a.FileKey)
		// The rest is what the person has a right to; one lost file must not keep it back.
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("reading a file of a person: %w", err)
		}
		// Named by number and not as people called them: names may repeat, or lead out of the directory that the
		// archive is opened in.
		name := "files/" + strconv.FormatInt(a.ID, 10) + path.Ext(a.FileKey)
		err = add(archive, name, d.ReadAt, func(to io.Writer) error {
			_, err := io.Copy(to, from)
			return err
		})
		if err = errors.Join(err, from.Close()); err != nil {
			return err
		}
	}
	return archive.Close()
}

// add adds one file.
func add(archive *zip.Writer, name string, at time.Time, write func(io.Writer) error) error {
	to, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: at})
	if err != nil {
		return err
	}
	return write(to)
}

// section is a table of the page.
type section struct {
	Title string
	Rows  [][]string
}

// sections lists the tables of the page, with the titles in both languages: the person who reads it may not be the one who
// asked for it.
func sections(d Data, zone *time.Location) []section {
	at := func(t time.Time) string { return t.In(zone).Format("2006-01-02 15:04") }
	member, titles := section{Title: "会員 · Member"}, Labels()
	// In the order of the schema, which groups what belongs together; a map has none.
	for _, c := range append([]string{"id"}, names()...) {
		if value, given := d.Member[c]; given {
			member.Rows = append(member.Rows, []string{cmp.Or(titles[c], c), spelled(value)})
		}
	}
	notes := section{Title: "メモ · Notes"}
	for _, n := range d.Notes {
		notes.Rows = append(notes.Rows, []string{at(n.CreatedAt), n.Text})
	}
	files := section{Title: "ファイル · Files"}
	for _, a := range d.Files {
		files.Rows = append(files.Rows, []string{at(a.CreatedAt), noren.Deref(a.FileName), fmt.Sprintf("files/%d%s", a.ID, path.Ext(a.FileKey))})
	}
	points := section{Title: "ポイント · Points"}
	for _, p := range d.Points {
		points.Rows = append(points.Rows, []string{at(p.At), string(p.Type), fmt.Sprintf("%+d", p.Delta), p.Note})
	}
	bought := section{Title: "購入 · Purchases"}
	for _, p := range d.Purchases {
		bought.Rows = append(bought.Rows, []string{at(p.PaidAt), p.Source, p.ExternalID, strconv.FormatInt(p.Amount, 10)})
	}
	ranks := section{Title: "会員ランクの変更 · Rank changes"}
	for _, r := range d.RankChanges {
		ranks.Rows = append(ranks.Rows, []string{at(r.At), spelled(r.From) + " → " + spelled(r.To), string(r.Reason)})
	}
	changes := section{Title: "変更履歴 · Changes"}
	for _, c := range d.Changes {
		changes.Rows = append(changes.Rows, []string{at(c.At), c.By, changed(c.Changes, titles)})
	}
	// What other rows say of the person, such as bulk requests and messages of Shopify, which are of no table above.
	elsewhere := section{Title: "その他 · Elsewhere"}
	for _, t := range d.Traces {
		elsewhere.Rows = append(elsewhere.Rows, []string{t.What, t.Where, t.Content})
	}
	return []section{member, notes, files, points, bought, ranks, changes, elsewhere}
}

// changed is what an entry of the log says, a line for each column: before → after.
func changed(changes json.RawMessage, titles map[string]string) string {
	columns := make(map[string]json.RawMessage)
	// Entries that say something else than columns are shown as they are stored.
	if json.Unmarshal(changes, &columns) != nil {
		return string(changes)
	}
	var lines []string
	for _, column := range slices.Sorted(maps.Keys(columns)) {
		line := string(columns[column])
		// A value that is not before and after is shown as it is stored.
		var pair [2]any
		if json.Unmarshal(columns[column], &pair) == nil {
			line = spelled(pair[0]) + " → " + spelled(pair[1])
		}
		lines = append(lines, cmp.Or(titles[column], column)+": "+line)
	}
	return strings.Join(lines, "\n")
}

// names are the columns of a member in the order of the schema.
func names() []string {
	var list []string
	for _, c := range noren.MemberColumns() {
		list = append(list, c.Name)
	}
	return append(list, "created_at", "updated_at")
}

// spelled is a value as people read it.
func spelled(value any) string {
	data, err := json.Marshal(value)
	if err != nil {
		return ""
	}
	if string(data) == "null" {
		return "–"
	}
	var text string
	if json.Unmarshal(data, &text) == nil {
		return text // as it is: the page escapes what it has to
	}
	return string(data)
}

// readable is the page. It needs nothing from elsewhere, so that it can be read in twenty years.
var readable = template.Must(template.New("data").Parse(`<!doctype html>
<html lang="ja"><head><meta charset="utf-8"><title>個人データ · Personal data</title>
<style>body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}
td{border:1px solid #ccc;padding:.3rem;vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere}</style>
</head><body><h1>個人データ · Personal data</h1>
{{range .}}<h2>{{.Title}}</h2>
{{if .Rows}}<table>{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>{{end}}</table>{{else}}<p>なし · None</p>{{end}}
{{end}}</body></html>
`))
