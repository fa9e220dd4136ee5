package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"noren"
	"noren/app/unit"
)

// DeleteAttachment detaches a file from a member. A file that nobody has any more is not served from then on, and is swept. NotFound as for
// DeleteNote.
func (s *Service) DeleteAttachment(
	ctx context.Context, c noren.Caller, member, attachment int64, once *unit.Once,
) (*noren.KeptAnswer, error) {
	return s.remove(ctx, c, once, member, attachment, "attachment", func(tx Tx) (*string, error) {
		return tx.DeleteAttachment(ctx, member, attachment)
	})
}

// Attach ties an uploaded file to a member and returns the attachment. NotFound if the caller may not see the member;
// Refusals if the tenant has no such file, or its name is that of a file of another type. once may be nil; its Render gets the Attachment.
func (s *Service) Attach(
	ctx context.Context, c noren.Caller, a noren.Attachment, once *unit.Once,
) (out noren.Attachment, kept *noren.KeptAnswer, err error) {
	kept, err = s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		if err := unit.Sees(ctx, tx, c, a.MemberID); err != nil {
			return nil, err
		}
		upload, err := tx.Upload(ctx, a.FileKey)
		if err != nil {
			return nil, err
		}
		// A caller restricted to one store cannot know which members' files the others have uploaded, so it may attach its own
		// only. Anything else looks like a file that does not exist.
		if upload == nil || c.Client.StoreID != nil && upload.ClientID != c.Client.ID {
			return nil, unknownFile(a.FileKey)
		}
		if t, known := typeNamed(upload.MIMEType); known {
			if misnamed := t.fits(noren.Deref(a.FileName), "file_name"); misnamed != nil {
				return nil, noren.Refusals{misnamed}
			}
		}
		// The file may be condemned until AddAttachment, which therefore checks again and reports it.
		if a.ID, err = tx.Reserve(ctx, noren.CounterAttachment, 1); err != nil {
			return nil, err
		}
		a.MIMEType, a.CreatedAt = upload.MIMEType, by.At
		out = a
		if added, err := tx.AddAttachment(ctx, a); err != nil {
			return nil, err
		} else if !added {
			return nil, unknownFile(a.FileKey) // condemned since it was read
		}
		return out, auditMember(ctx, tx, by, a.MemberID, "attachments", nil, &a.FileKey)
	})
	return out, kept, err
}

func unknownFile(fileKey string) noren.Refusals {
	return noren.Refusals{{Kind: noren.Invalid, Reason: noren.ReasonFileUnknown, Field: "file_key", Value: fileKey}}
}

// AddUpload records a file that has just been stored under u.FileKey.
func (s *Service) AddUpload(ctx context.Context, c noren.Caller, u noren.Upload, once *unit.Once) (*noren.KeptAnswer, error) {
	return s.run.Write(ctx, c, once, func(tx Tx, by noren.AuditEntry) (any, error) {
		u.ClientID, u.CreatedAt = c.Client.ID, by.At
		return u, tx.AddUpload(ctx, u)
	})
}

// NewFileKey returns a key in the form of ReCORE's examples: 40 random letters and digits, a dot and the extension.
func NewFileKey(extension string) string {
	return randomText("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", 40) + "." + extension
}

// UnusedFor is how long an uploaded file is kept even if it has not been attached yet.
const UnusedFor = 24 * time.Hour

// sweepSlice is how many files one call of SweepUploads removes at most.
const sweepSlice = 100

// Unswept lists the tenants that SweepUploads has work for.
func (s *Service) Unswept(ctx context.Context) ([]noren.TenantID, error) {
	return s.directory.TenantsWithUnusedFiles(ctx, s.run.Now().Add(-UnusedFor))
}

// SweepUploads removes a bounded number of the tenant's files that nothing refers to, except those that were uploaded within the
// last day and never attached, and returns how many. remove deletes the bytes of one file. It is called again for the same file if an
// earlier run was interrupted or remove failed. A file that cannot be removed does not stop the others.
func (s *Service) SweepUploads(ctx context.Context, tenant noren.TenantID, remove func(fileKey string) error) (swept int, err error) {
	// Three steps, so that a crash in between loses nothing: mark the files, delete their bytes, and only then forget
	// them.
	var condemned []string
	err = s.run.Update(ctx, tenant, func(tx Tx) error {
		condemned, err = tx.CondemnUploads(ctx, s.run.Now().Add(-UnusedFor), sweepSlice)
		return err
	})
	if err != nil {
		return 0, err
	}
	var removed []string
	var failed []error
	for _, key := range condemned {
		if err := remove(key); err != nil {
			failed = append(failed, fmt.Errorf("removing the file %s: %w", key, err))
			continue
		}
		removed = append(removed, key)
	}
	if len(removed) > 0 {
		if err := s.run.Update(ctx, tenant, func(tx Tx) error { return tx.ForgetUploads(ctx, removed) }); err != nil {
			return 0, errors.Join(append(failed, err)...)
		}
	}
	return len(removed), errors.Join(failed...)
}

// Upload returns the record of an uploaded file. NotFound if the tenant has none with that key.
func (s *Service) Upload(ctx context.Context, tenant noren.TenantID, fileKey string) (u noren.Upload, err error) {
	err = s.run.View(ctx, tenant, func(tx Tx) error {
		found, err := tx.Upload(ctx, fileKey)
		if err == nil && found == nil {
			return noren.Missing("file", fileKey)
		}
		u = noren.Deref(found)
		return err
	})
	return u, err
}
