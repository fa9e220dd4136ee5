//go:build !unix

package pgtest

import "fmt"

// cluster stands for the throw-away server, which only Unix systems have.
type cluster struct{ remove func() }

func startCluster(string) (*cluster, error) {
	return nil, fmt.Errorf("%w; starting one for the tests is done on Unix only", errNoPostgres)
}

func (c *cluster) control(...string) error { return errNoPostgres }

func (c *cluster) url() string { return "" }

func (c *cluster) log() ([]byte, error) { return nil, errNoPostgres }
