package shopfile

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// anchors are the values that aliases (*name) refer to, by name.
type anchors map[string]ast.Node

// parse returns the document of the file, or nil if there is none, which it has reported.
func (r *reader) parse(data []byte) ast.Node {
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // Windows editors write one
	if i := invalidUTF8(data); i >= 0 {
		r.fail(1+bytes.Count(data[:i], []byte("\n")), "the file is not UTF-8 here; if it is Shift_JIS, save it as UTF-8")
		return nil
	}
	file, err := parseYAML(data)
	if err != nil {
		// The full text of the library's error repeats the source around the place. The line is enough, and the source may
		// contain secrets.
		line, message := 1, err.Error()
		if e, ok := errors.AsType[yaml.Error](err); ok {
			if token := e.GetToken(); token != nil && token.Position != nil {
				line = max(token.Position.Line, 1)
			}
			message = e.GetMessage()
		}
		// What it quotes is of the source, too.
		message, _, _ = strings.Cut(message, `"`)
		r.fail(line, "not valid YAML: %s", strings.TrimRight(message, " :"))
		return nil
	}
	// A document marker at the beginning or the end makes a document without a body.
	var body ast.Node
	for _, document := range file.Docs {
		if document.Body == nil {
			continue
		}
		if body != nil {
			r.fail(lineOf(document.Body), "must be a single YAML document; put all tenants into the first")
			return nil
		}
		body = document.Body
	}
	if body == nil {
		r.fail(1, "the file is empty; it must have tenants:")
		return nil
	}
	r.anchors = make(anchors)
	// Of the whole document, because a tenant may refer to a value of another one.
	ast.Walk(r.anchors, body)
	return body
}

// parseYAML keeps duplicate keys, which mapping reports together with other problems. The library has panicked on
// malformed input before; a mistyped file must still produce a message.
func parseYAML(data []byte) (file *ast.File, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("it cannot be parsed (%v)", p)
		}
	}()
	return parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
}

// invalidUTF8 returns the offset of the first byte that is not UTF-8, or -1.
func invalidUTF8(data []byte) int {
	for i := 0; i < len(data); {
		c, size := utf8.DecodeRune(data[i:])
		if c == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

// Visit implements ast.Visitor: it collects the anchors.
func (a anchors) Visit(n ast.Node) ast.Visitor {
	if anchor, ok := n.(*ast.AnchorNode); ok && anchor.Name != nil {
		a[anchor.Name.String()] = anchor.Value
	}
	return a
}

// resolve follows anchors and aliases to their value. It returns nil for null, and for an alias without an anchor, which
// it reports. A chain longer than maxAliases is circular.
func (r *reader) resolve(n ast.Node) ast.Node {
	for range maxAliases {
		switch x := n.(type) {
		case *ast.AnchorNode:
			n = x.Value
		case *ast.AliasNode:
			target, known := r.anchors[x.Value.String()]
			if !known {
				// Not its name: a password that begins with * is one to YAML.
				r.fail(lineOf(x), "no anchor for this alias; a text that begins with * must be in quotes")
				return nil
			}
			n = target
		case nil, *ast.NullNode:
			return nil
		default:
			return n
		}
	}
	return nil
}

// maxAliases is the largest number of anchors and aliases between a key and its value.
const maxAliases = 16

// lineOf is the line where n begins. Nodes that the parser inserted for missing values have no line; for them it is 1.
func lineOf(n ast.Node) int {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1
	}
	return max(n.GetToken().Position.Line, 1)
}

// scalarText is the text of a scalar. Numbers are returned as written, so that 001 keeps its zeros.
func scalarText(n ast.Node) (text string, ok bool) {
	switch x := n.(type) {
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return x.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// shape is what a value is that should have been a mapping or a list. It does not repeat the value: a secret may stand where a mapping
// with the secret should.
func shape(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode, *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
		return shown(n)
	}
	return "a single value"
}

// shown is a value as it appears in messages, shortened.
func shown(n ast.Node) string {
	switch x := n.(type) {
	case nil, *ast.NullNode:
		return "nothing"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.BoolNode:
		return strconv.FormatBool(x.Value)
	case *ast.IntegerNode, *ast.FloatNode:
		return x.GetToken().Value
	}
	text, ok := scalarText(n)
	if !ok {
		return n.Type().String()
	}
	if runes := []rune(text); len(runes) > 40 {
		text = string(runes[:39]) + "…"
	}
	return fmt.Sprintf("%q", text)
}
