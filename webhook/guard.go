package webhook

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"code.dny.dev/ssrf"
)

// RefusedError says that a connection was not made because of the address it would have gone to.
type RefusedError struct{ Addr netip.Addr }

func (e *RefusedError) Error() string {
	return fmt.Sprintf("refused to call a %s address %s; the operator can allow it with NOREN_CALLBACK_ALLOW",
		e.nature(), e.Addr)
}

// nature names what most readers know by name; the rest of the special registries is "reserved".
func (e *RefusedError) nature() string {
	if e.Addr.IsPrivate() || e.Addr.IsLoopback() || e.Addr.IsLinkLocalUnicast() {
		return "private"
	}
	return "reserved"
}

// guard is a net.Dialer's Control. It refuses every address that IANA's special purpose registries name, and all of
// IPv6 outside 2000::/3, which takes NAT64 (64:ff9b::/96) along: behind it any IPv4 address may stand.
type guard struct{ guardian *ssrf.Guardian }

// newGuard makes exceptions for the operator's prefixes.
func newGuard(allow []netip.Prefix) guard {
	var v4, v6 []netip.Prefix
	for _, p := range allow {
		// The dialler unmaps ::ffff:127.0.0.1 to 127.0.0.1, so a prefix written that way has to be unmapped too.
		if p.Addr().Is4In6() && p.Bits() >= 96 {
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		if p.Addr().Is4() {
			v4 = append(v4, p)
		} else {
			v6 = append(v6, p)
		}
	}
	return guard{ssrf.New(ssrf.WithAnyPort(), ssrf.WithAllowedV4Prefixes(v4...), ssrf.WithAllowedV6Prefixes(v6...))}
}

// control runs after the name was looked up and before the connection is made, once for each address tried.
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
