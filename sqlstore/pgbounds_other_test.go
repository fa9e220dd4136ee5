//go:build !linux

package sqlstore

import (
	"syscall"
	"testing"
)

type socketOption struct{ want int }

func socketOptions() map[string]socketOption { return nil }

func (socketOption) read(*testing.T, syscall.RawConn) int { return 0 }
