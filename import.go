package noren

import (
	"encoding/json"
	"iter"
	"time"
)

// ImportKind says what the lines of a file are.
type ImportKind string

// The kinds of import.
const (
	ImportMembers   ImportKind = "members"
	ImportProducts  ImportKind = "products"
	ImportStock     ImportKind = "stock"
	ImportPurchases ImportKind = "purchases"
)

// ImportKinds lists every kind.
func ImportKinds() []ImportKind {
	return []ImportKind{ImportMembers, ImportProducts, ImportStock, ImportPurchases}
}

// ImportState is where an import stands: uploading → draft → waiting → running → done | failed. Until it has ended it
// can be cancelled.
type ImportState string

// The states of an import. The last three are final.
const (
	ImportUploading ImportState = "uploading" // its lines are being stored
	ImportDraft     ImportState = "draft"     // stored, and not started: the mapping may still be chosen
	ImportWaiting   ImportState = "waiting"
	ImportRunning   ImportState = "running"
	ImportDone      ImportState = "done" // every line has taken effect or was refused
	ImportCancelled ImportState = "cancelled"
	ImportFailed    ImportState = "failed" // given up after unexpected errors; what was done before stays
)

// Ended reports whether the state is final.
func (s ImportState) Ended() bool {
	return s == ImportDone || s == ImportCancelled || s == ImportFailed
}

// Import is a file of lines that change members, products, stock or purchases. Lines are independent of each other:
// one that cannot be taken is refused with its reasons, and the others take effect. They are applied in the order of
// the file, each once, and a tenant's imports one after another.
type Import struct {
	ID       int64
	Kind     ImportKind
	State    ImportState
	Source   string // of purchases: what makes the ids of one file different from another system's
	FileName string
	Encoding string // as it was detected, for people
	Columns  []ImportColumn
	View     View // whose words Status and Sex are, judged by the header

	ClientID  *int64 // who imports; nil: the operator or a console user
	Login     string // of a console user
	Dialect   string
	StoreID   *int64 // the caller's restriction at the time
	RequestID string

	Total     int // lines
	Processed int // of them
	Created   int
	Updated   int
	Unchanged int
	Refused   int
	Tries     int // how often the next lines have met an unexpected error

	CreatedAt  time.Time
	StartedAt  *time.Time
	FinishedAt *time.Time
}

// ImportColumn is one column of a file.
type ImportColumn struct {
	Header  string   `json:"header"`
	Field   string   `json:"field"`   // what it is taken for, one of ImportFields; "": it is left out
	Samples []string `json:"samples"` // some of its values
}

// DefaultImportSource is the Source of purchases where none is given.
const DefaultImportSource = "csv"

// ImportFile is a file as its reader understood it.
type ImportFile struct {
	Name     string
	Encoding string
	Header   []string
	Fields   []string                     // for each column the field that its header names; "" where it names none
	View     View                         // whose names the header has
	Lines    iter.Seq2[ImportLine, error] // what follows the header; read once
}

// ImportLine is one line of a file, with a cell for each column of the header.
type ImportLine struct {
	Number int      `json:"n"` // in the file, from 1; the first, where a quoted cell spans several
	Cells  []string `json:"c"`
	Broken *Broken  `json:"b,omitempty"` // the line could not be read
}

// Broken says why a line could not be read; Cells then hold what there is of it.
type Broken struct {
	Reason  Reason `json:"reason"`
	Message string `json:"message"`
}

// ImportPiece is a stretch of an import's lines, which are applied in one transaction. It is gone once it was.
type ImportPiece struct {
	Number int64 // from 1
	Lines  []ImportLine
}

// The bounds of a piece. A hundred rows are what SQLite's one writer is held for at a time.
const (
	pieceLines = 100
	pieceBytes = 256 << 10 // of its cells
)

// ImportProblem is one reason why a line was, or would be, refused.
type ImportProblem struct {
	Line    int    `json:"line"`
	Field   string `json:"field"` // one of ImportFields; "": the line as a whole
	Value   string `json:"value"` // the value complained of, shortened
	Reason  Reason `json:"reason"`
	Limit   string `json:"limit,omitempty"` // what the rule allows, where that is short: "20", "1–99999"
	Message string `json:"message"`         // for people; English
}

// RefusedLine is a line that did not take effect.
type RefusedLine struct {
	Line     int
	Cells    []string
	Problems []ImportProblem
}

// ImportSetup is what is chosen about a draft.
type ImportSetup struct {
	Fields []string // for each column what it is taken for, "" to leave it out; nil: as it is stored
	Source string   // of purchases; "": DefaultImportSource
}

// ImportPreview is what an import would do, judged against what is stored now.
type ImportPreview struct {
	Import        Import
	Lines         []ImportLine    // the first few
	Problems      []ImportProblem // in order of the lines, at most maxPreviewProblems
	ProblemsTotal int
	Judged        int // how many lines were looked at: from the first, at most maxPreviewLines
	Created       int // of those judged, as the other counts
	Updated       int
	Unchanged     int
	Refused       int
	Keyless       bool // no column says which member or product a line is: importing it twice makes everything twice
}

// ImportFilter selects imports, newest first. Uploads that are not finished are none of them.
type ImportFilter struct {
	VisibleTo *int64 // only those of callers restricted to this store; nil: all
	Page
}

// EncodeImportLines writes lines as they are stored.
func EncodeImportLines(lines []ImportLine) ([]byte, error) { return json.Marshal(lines) }

// DecodeImportLines reads what EncodeImportLines wrote.
func DecodeImportLines(data []byte) (lines []ImportLine, err error) {
	err = json.Unmarshal(data, &lines)
	return lines, err
}
