package main

import (
	"net/url"
	"time"

	"noren/files"
)

// filesFlag says where attachments are kept; only a server needs to know.
type filesFlag struct {
	Files string `default:"noren-files" placeholder:"PLACE" variable:"NOREN_FILES" help:"Where attachments are kept: a directory, or s3://KEY:SECRET@HOST/BUCKET/PREFIX."`
}

// open opens the store. A directory is made where it is missing; an S3 bucket is not asked before the first file.
func (f filesFlag) open() (files.Store, error) {
	store, err := files.Open(f.Files)
	if err != nil {
		return nil, wrong("files", "NOREN_FILES", "%v", err)
	}
	return store, nil
}

// links are the temporary addresses of package files.
type links struct{}

func (links) Link(secret, name string, now time.Time) url.Values {
	return files.Link(secret, name, now)
}

func (links) Check(secret, name string, query url.Values, now time.Time) error {
	return files.Check(secret, name, query, now)
}
