package main

import (
	"fmt"
	"net/url"
	"time"

	"noren/files"
)

// filesFlag says where attachments are stored. Only commands that run a server have it.
type filesFlag struct {
	Files string `default:"noren-files" placeholder:"PLACE" variable:"NOREN_FILES" help:"Where attachments are stored: a directory, or s3://KEY:SECRET@HOST/BUCKET/PREFIX."`
}

// check checks the form of the place only.
func (f filesFlag) check() error {
	if err := files.CheckPlace(f.Files); err != nil {
		return wrong("files", "NOREN_FILES", "%v", err)
	}
	return nil
}

// open opens the store. A missing directory is created; an S3 bucket is not contacted before the first file.
func (f filesFlag) open() (files.Store, error) {
	store, err := files.Open(f.Files)
	if err != nil {
		return nil, pathAdvice("--files ", f.Files, "noren-files", usageError{fmt.Errorf("--files (NOREN_FILES): %w", err)})
	}
	return store, nil
}

// links makes and checks temporary addresses with package files, so that the dialects need not import it.
type links struct{}

// Link implements the links of the dialects.
func (links) Link(secret, name, shown string, view bool, now time.Time) url.Values {
	return files.Link(secret, name, shown, view, now)
}

// Check implements the links of the dialects.
func (links) Check(secret, name string, query url.Values, now time.Time) error {
	return files.Check(secret, name, query, now)
}
