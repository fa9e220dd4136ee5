package noren

import (
	"context"
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
	ImportPoints    ImportKind = "points"
)

// ImportKinds lists every kind.
func ImportKinds() []ImportKind {
	return []ImportKind{ImportMembers, ImportProducts, ImportStock, ImportPurchases, ImportPoints}
}

// System is a system that exports files, as the header of a file tells.
type System string

// The systems whose exports are known. A file with other headings has none.
const (
	SystemNoren      System = "noren"
	SystemSmaregi    System = "smaregi"
	SystemReCORE     System = "recore"
	SystemShopify    System = "shopify"
	SystemECCUBE     System = "eccube"
	SystemEasyPoints System = "easypoints"
)

// ImportState is the state of an import: uploading → draft → waiting → running → done | failed. It can be cancelled
// until it has ended.
type ImportState string

// The states of an import. The last three are final.
const (
	ImportUploading ImportState = "uploading" // its lines are being stored
	ImportDraft     ImportState = "draft"     // stored but not started: the mapping can still be changed
	ImportWaiting   ImportState = "waiting"
	ImportRunning   ImportState = "running"
	ImportDone      ImportState = "done" // every line took effect or was refused
	ImportCancelled ImportState = "cancelled"
	ImportFailed    ImportState = "failed" // given up after unexpected errors; what was applied before stays
)

// Ended reports whether the state is final.
func (s ImportState) Ended() bool {
	return s == ImportDone || s == ImportCancelled || s == ImportFailed
}

// Import is a file of lines that change members, products, stock or purchases. Lines are independent of each other: a
// line that is wrong is refused with its problems, and the others take effect. Lines are applied in the order of the
// file, each once, and the imports of a tenant one after another.
type Import struct {
	ID       int64
	Kind     ImportKind
	State    ImportState
	Source   string // of purchases: distinguishes the ids in this file from those of other systems
	FileName string
	Encoding string // as detected, for people
	Columns  []ImportColumn
	View     View   // the view that Status and Sex are meant for, according to the header
	System   System // whose export the file is
	By       string // a column, id or code, that names members whatever the names in the file say; "": none

	ClientID  *int64 // who imports; nil: the operator or a console user
	Login     string // of a console user
	Dialect   string
	StoreID   *int64 // the caller's restriction when the draft was made
	RequestID string

	Total     int // number of lines
	Processed int // lines done so far; the next four add up to it
	Created   int
	Updated   int
	Unchanged int
	Refused   int
	// Remarks are the first of what was told about lines that are not refused for it, Told is how much that was. They have no
	// values, because they are kept when a person is erased.
	Remarks []ImportProblem
	Told    int
	// Contradictions are the lines still to come that name what a line before names, and say something else of it. They are refused.
	Contradictions []ImportContradiction
	// CodeLengths are how many characters the codes in the file and those of the members have, by which codes are found that have lost
	// their leading zeros.
	CodeLengths []int
	Tries       int // how often the next lines failed unexpectedly

	CreatedAt  time.Time
	StartedAt  *time.Time
	FinishedAt *time.Time
}

// Foreign reports whether the file is plainly another system's, whose numbers are not ours.
func (i *Import) Foreign() bool { return i.System != "" && i.System != SystemNoren }

// ImportColumn is one column of a file.
type ImportColumn struct {
	Header  string   `json:"header"`
	Field   string   `json:"field"`   // what it is mapped to, one of ImportFields; "": ignored
	Samples []string `json:"samples"` // some of its values
}

// ImportContradiction is a line that says something else of what an earlier line names.
type ImportContradiction struct {
	Line  int    `json:"n"`
	First int    `json:"f"` // the earlier line
	Field string `json:"c"` // the first in which they differ
}

// ImportFile is a file as its reader understood it.
type ImportFile struct {
	Name     string
	Encoding string
	Header   []string
	Fields   []string                     // for each column the field that its header names; "" if none
	View     View                         // the view whose names the header uses
	System   System                       // whose export the file is
	Lines    iter.Seq2[ImportLine, error] // the lines after the header; can be read once
	Data     []byte                       // as it came, if it is to be kept for reading it again; nil: it is not
}

// ImportLine is one line of a file, with a cell for each column of the header.
type ImportLine struct {
	Number int      `json:"n"` // line of the file, from 1; the first one if a quoted cell spans several
	Cells  []string `json:"c"`
	Broken *Broken  `json:"b,omitempty"` // the line could not be read
}

// Broken says why a line could not be read. Cells then hold what could be read.
type Broken struct {
	Reason  Reason `json:"reason"`
	Message string `json:"message"`
	Column  int    `json:"column,omitempty"` // from 1, if it is about one cell
	Limit   string `json:"limit,omitempty"`  // as in ImportProblem
}

// In returns the line's problem as the problem of an import with these columns.
func (b Broken) In(l ImportLine, columns []ImportColumn) ImportProblem {
	p := ImportProblem{Line: l.Number, Reason: b.Reason, Limit: b.Limit, Message: b.Message}
	if at := b.Column - 1; at >= 0 && at < min(len(columns), len(l.Cells)) && columns[at].Field != "" {
		p.Field, p.Value = columns[at].Field, Shortened(l.Cells[at], maxBrokenCell)
	}
	return p
}

const maxBrokenCell = 60 // characters

// ImportPiece is a run of an import's lines that is applied in one transaction, and then removed.
type ImportPiece struct {
	Number int64 // from 1
	Lines  []ImportLine
}

// ImportProblem is one reason why a line was, or would be, refused.
type ImportProblem struct {
	Line    int    `json:"line"`
	Field   string `json:"field"` // one of ImportFields; "": the line as a whole
	Value   string `json:"value"` // the offending value, shortened
	Reason  Reason `json:"reason"`
	Limit   string `json:"limit,omitempty"` // what the rule allows, if that is short: "20", "1–99999"
	Message string `json:"message"`         // for people; English
}

// RefusedLine is a line that did not take effect.
type RefusedLine struct {
	Line     int
	Cells    []string
	Problems []ImportProblem
}

// ImportFilter selects imports, newest first. Unfinished uploads are left out.
type ImportFilter struct {
	VisibleTo *int64 // only imports by callers restricted to this store; nil: all
	Page
}

// ImportTx reads and writes imports, their waiting lines, and the refused ones.
type ImportTx interface {
	// AddImport stores a new import, and creates the tenant's lane if it has none: imports of stock take turns with bulk
	// requests.
	AddImport(ctx context.Context, i Import) error
	// AddImportPieces stores pieces. A piece whose number is already stored is left unchanged.
	AddImportPieces(ctx context.Context, id int64, pieces []ImportPiece) error
	// Import returns the import; nil if the tenant has none with that id.
	Import(ctx context.Context, id int64, forUpdate bool) (*Import, error)
	// Imports returns one page of those that match, newest first, and how many match in all.
	Imports(ctx context.Context, f ImportFilter) ([]Import, int, error)
	// NextImport locks the tenant's oldest waiting or running import until this transaction ends, so that only one process
	// at a time applies its lines. It returns nil at once if there is none, or if another transaction holds it.
	NextImport(ctx context.Context) (*Import, error)
	// ImportPieces returns up to limit of the remaining pieces with numbers above after, in order.
	ImportPieces(ctx context.Context, id, after int64, limit int) ([]ImportPiece, error)
	// UpdateImport stores everything but whose import it is, its kind and the name of its file.
	UpdateImport(ctx context.Context, i Import) error
	// FinishImportPiece removes a piece that has taken effect, and stores the lines of it that were refused.
	FinishImportPiece(ctx context.Context, i Import, piece int64, refused []RefusedLine) error
	// RefusedLines returns up to limit refused lines behind the line after, in the order of the file.
	RefusedLines(ctx context.Context, id int64, after, limit int) ([]RefusedLine, error)
	// SweepImports cancels uploads and drafts made before drafts. Of imports that have ended it removes the pieces, and
	// everything of those made before before, up to limit rows of each kind. It returns how many rows it removed.
	SweepImports(ctx context.Context, before, drafts time.Time, limit int) (int, error)
}

// CodeTx reads how codes look.
type CodeTx interface {
	// CodeLengths lists how many characters the codes and alias codes of members have, each length once.
	CodeLengths(ctx context.Context) ([]int, error)
}

// ImportFileTx keeps the bytes of drafts' files, in parts, so that they can be read again.
type ImportFileTx interface {
	// AddImportFilePart stores a part, numbered from 1.
	AddImportFilePart(ctx context.Context, id, number int64, part []byte) error
	// ImportFilePart returns a part; nil if there is none with that number.
	ImportFilePart(ctx context.Context, id, number int64) ([]byte, error)
	// RemoveImportFile removes all parts. SweepImports removes those of imports that have ended.
	RemoveImportFile(ctx context.Context, id int64) error
	// RemoveImportPieces removes up to limit pieces of a draft that is read again, and returns how many.
	RemoveImportPieces(ctx context.Context, id int64, limit int) (int, error)
}

// ImportDirectory finds tenants whose imports there is work on.
type ImportDirectory interface {
	// TenantsWithImports lists the tenants that have imports waiting or running.
	TenantsWithImports(ctx context.Context) ([]TenantID, error)
}
