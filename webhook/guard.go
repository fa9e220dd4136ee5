package webhook

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// RefusedError is the error of a call whose address the guard does not allow. No connection was made.
type RefusedError struct{ Addr netip.Addr }

// Error names the address and the setting that would allow it. It is for the log: a client may not know the address.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused to call a %s address %s; the operator can allow it with NOREN_CALLBACK_ALLOW",
		e.nature(), e.Addr)
}

// nature says "private" for the addresses that most readers know as such, and "reserved" for the other special registries.
func (e *RefusedError) nature() string {
	if e.Addr.IsPrivate() || e.Addr.IsLoopback() || e.Addr.IsLinkLocalUnicast() {
		return "private"
	}
	return "reserved"
}

// guard implements the Control of a net.Dialer. It refuses every address in IANA's special purpose registries, and all of
// IPv6 outside 2000::/3. That includes NAT64 (64:ff9b::/96), which can hide any IPv4 address.
type guard struct {
	guardian *ssrf.Guardian
	strict   *ssrf.Guardian // allows no prefixes: what it lets through is public
}

// newGuard returns a guard that allows the operator's prefixes.
func newGuard(allow []netip.Prefix) guard {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		// The dialler unmaps ::ffff:127.0.0.1 to 127.0.0.1, so prefixes in that form must be unmapped too.
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return guard{
		ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...)),
		ssrf.New(ssrf.WithAnyPort()),
	}
}

// public reports whether a connection to the address needs no permission of the operator.
func (g guard) public(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	if !ok {
		return false
	}
	at := tcp.AddrPort()
	// A connection to IPv4 through a socket of IPv6 is one to IPv4.
	at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	network := "tcp6"
	if at.Addr().Is4() {
		network = "tcp4"
	}
	return g.strict.Safe(network, at.String(), nil) == nil
}

// control runs after name resolution and before the connection is made, once for each address tried.
func (g guard) control(network, address string, conn syscall.RawConn) error {
	err := g.guardian.Safe(network, address, conn)
	if !errors.Is(err, ssrf.ErrProhibitedIP) {
		return err
	}
	target, parseErr := netip.ParseAddrPort(address)
	if parseErr != nil {
		return err
	}
	return &RefusedError{target.Addr()}
}
