package noren

import "time"

// Note is a remark about a member (会員メモ).
type Note struct {
	ID        int64
	MemberID  int64
	StaffID   *int64
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

// MaxNoteLen is how long a note may be, in characters.
const MaxNoteLen = 10_000

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

// Upload is a file that has been stored and that attachments may refer to. One that nothing refers to is swept.
type Upload struct {
	FileKey   string // 40 random characters and an extension
	MIMEType  string // found in the bytes, not believed of the client
	Size      int64
	Public    bool
	ClientID  int64
	CreatedAt time.Time
}
