package sqlstore

import (
	"syscall"
	"testing"
)

// socketOption is a setting of a socket, in the kernel's numbers.
type socketOption struct{ level, name, want int }

func socketOptions() map[string]socketOption {
	return map[string]socketOption{
		"keep-alive":                  {syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1},
		"seconds of silence":          {syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 10},
		"seconds between probes":      {syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 5},
		"probes":                      {syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 3},
		"milliseconds unacknowledged": {syscall.IPPROTO_TCP, tcpUserTimeout, 20_000},
	}
}

func (o socketOption) read(t *testing.T, raw syscall.RawConn) (value int) {
	t.Helper()
	err := raw.Control(func(fd uintptr) {
		var err error
		if value, err = syscall.GetsockoptInt(int(fd), o.level, o.name); err != nil {
			t.Error(err)
		}
	})
	if err != nil {
		t.Error(err)
	}
	return value
}
