package console

import "noren"

// lastUsed is the time of a client's last request.
func (p *page) lastUsed(c noren.Client) string {
	if c.LastUsedAt == nil {
		return p.T("clients.never_used")
	}
	return p.at(*c.LastUsedAt)
}

// numberOr is the number in the form of a field; "" for nil.
func numberOr(n *int64) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

// formNumber is a positive number from a field of the form; 0 if it is not one.
func (p *page) formNumber(name string) int64 {
	return positive(p.field(name))
}
