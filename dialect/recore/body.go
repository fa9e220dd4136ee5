package recore

import (
	"strconv"
	"strings"

	"noren"
	"noren/dialect"
	"noren/wire"
)

// readObject decodes a body that is one object, and returns everything that is wrong with it.
func readObject[P any](body []byte, table wire.Table[P], into *P) error {
	o, err := parseObject(body)
	if err != nil {
		return err
	}
	return complain("", o, table.Decode(o, "", into)).OrNil()
}

func parseObject(body []byte) (wire.Object, error) {
	v, problem := wire.Parse(body)
	if problem != nil {
		return nil, dialect.Malformed{Problem: problem}
	}
	o, isObject := v.Object()
	if !isObject {
		return nil, dialect.Wrong(keyBody, sentence(keyBody, "must be of type object"))
	}
	return o, nil
}

// maxRows is how many members one bulk request may have.
const maxRows = noren.MaxNamed

// parseRows reads a body that is an array of 1 to maxRows objects.
func parseRows(body []byte) ([]wire.Object, error) {
	v, problem := wire.Parse(body)
	if problem != nil {
		return nil, dialect.Malformed{Problem: problem}
	}
	// The values end at the limit while n counts on, so a body of a million rows is refused without being taken apart.
	values, n, isArray := v.Array(maxRows)
	switch {
	case !isArray:
		return nil, dialect.Wrong(keyBody, sentence(keyBody, "must be of type array"))
	case n == 0:
		return nil, dialect.Wrong(keyBody, sentence(keyBody, "is too short (minimum is 1 items)"))
	case n > maxRows:
		return nil, dialect.Wrong(keyBody, sentence(keyBody, tooLong(maxRows)))
	}
	rows := make([]wire.Object, n)
	var wrong dialect.Complaints
	for i, value := range values {
		if rows[i], isArray = value.Object(); !isArray {
			key := strconv.Itoa(i)
			wrong.Add(key, sentence(key, "must be of type object"))
		}
	}
	return rows, wrong.OrNil()
}

// rowPrefix is what precedes the field in the keys of detail: the row's index, from 0.
func rowPrefix(row int) string { return strconv.Itoa(row) + "." }

// complain words the problems of an object. The key is the field's path with dots, after the prefix; the words name
// only the field.
func complain(prefix string, o wire.Object, problems []*wire.Problem) (wrong dialect.Complaints) {
	for _, p := range problems {
		path := strings.Split(strings.TrimPrefix(p.Path, "/"), "/")
		// A copy: the facts belong to the table, which all requests share, and the name becomes the whole path only for
		// this message.
		facts := *p.Facts
		facts.Name = strings.Join(path, ".")
		wrong.Add(prefix+facts.Name, words(&facts, p.Code, valueAt(o, path)))
	}
	return wrong
}

// valueAt returns what is at the path, as far as it can be shown: the text, or the JSON.
func valueAt(o wire.Object, path []string) string {
	// Where there is no object on the way, the rest of the walk ends in values that do not exist, which show as
	// nothing.
	for _, name := range path[:len(path)-1] {
		o, _ = o.Get(name).Object()
	}
	v := o.Get(path[len(path)-1])
	if text, isText := v.Text(); isText {
		return text
	}
	return string(v.Raw())
}
