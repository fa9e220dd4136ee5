package sqlstore

import "syscall"

// tcpUserTimeout is TCP_USER_TIMEOUT of <linux/tcp.h>.
const tcpUserTimeout = 18

// boundUnanswered makes the kernel give a connection up whose other side has acknowledged nothing for 20 seconds. What is no
// TCP connection has no such bound, and needs none.
func boundUnanswered(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.IPPROTO_TCP, tcpUserTimeout, 20_000)
	})
}
