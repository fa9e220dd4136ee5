//go:build !linux

package sqlstore

import "syscall"

// boundUnanswered does nothing where the kernel has no such setting: keep-alives notice a lost machine there.
func boundUnanswered(string, string, syscall.RawConn) error { return nil }
