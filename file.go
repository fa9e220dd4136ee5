package noren

import (
	"context"
	"time"
)

// Note is a remark about a member (会員メモ).
type Note struct {
	ID        int64
	MemberID  int64
	StaffID   *int64
	Login     string // of the console user who wrote it; "": a program
	Text      string
	CreatedAt time.Time
}

// NoteFilter selects notes of one member, ordered by id.
type NoteFilter struct {
	MemberID int64
	IDs      []int64 // nil: any; empty: none
	Created  Span
	Page
}

// AttachmentTag says what an attachment is.
type AttachmentTag string

// The tags of the ReCORE document.
const (
	GeneralFile AttachmentTag = "GENERAL"
	PhotoFile   AttachmentTag = "PHOTO" // the newest one is the member's photo
)

// Attachment ties an uploaded file to a member.
type Attachment struct {
	ID        int64
	MemberID  int64
	FileKey   string
	Tag       AttachmentTag
	FileName  *string
	MIMEType  string
	CreatedAt time.Time
}

// Upload is the record of a stored file that attachments may refer to. A file that nothing refers to is swept: at once if it has
// lost its last attachment, and after a day if it never had one.
type Upload struct {
	FileKey   string // 40 random characters and an extension
	MIMEType  string // detected from the bytes; the client's word is not trusted
	Size      int64
	Public    bool
	ClientID  int64
	CreatedAt time.Time
}

// FileTx reads and writes notes, attachments and the records of uploaded files.
type FileTx interface {
	// Notes returns one page of those that match.
	Notes(ctx context.Context, f NoteFilter) ([]Note, error)
	AddNote(ctx context.Context, n Note) error
	// DeleteNote returns the text of the deleted note; nil if the member has no such note.
	DeleteNote(ctx context.Context, member, note int64) (text *string, err error)
	// Attachments returns the attachments of the members, ordered by id.
	Attachments(ctx context.Context, members []int64) ([]Attachment, error)
	// AddAttachment returns false if the tenant has no such file, or if it was condemned in the meantime.
	AddAttachment(ctx context.Context, a Attachment) (bool, error)
	// DeleteAttachment returns the key of the detached file; nil if the member has no such attachment. A file that has lost its
	// last attachment is condemned.
	DeleteAttachment(ctx context.Context, member, attachment int64) (fileKey *string, err error)
	AddUpload(ctx context.Context, u Upload) error
	// Upload returns the record of the file; nil if the tenant has none with that key.
	Upload(ctx context.Context, fileKey string) (*Upload, error)
	// CondemnUploads marks up to limit of the oldest files that were uploaded before that time and that no attachment
	// refers to, and returns their keys. A marked file can be neither found nor attached. Files that are marked already
	// are returned, again and again until they are forgotten.
	CondemnUploads(ctx context.Context, before time.Time, limit int) ([]string, error)
	// ForgetUploads removes the records of condemned files.
	ForgetUploads(ctx context.Context, fileKeys []string) error
}

// FileDirectory finds tenants whose files are to be swept.
type FileDirectory interface {
	// TenantsWithUnusedFiles lists the tenants that have condemned files, or files without an attachment that were uploaded before
	// that time.
	TenantsWithUnusedFiles(ctx context.Context, before time.Time) ([]TenantID, error)
}
