package console

import "noren"

// lastUsed says when a client last called.
func (p *page) lastUsed(c noren.Client) string {
	if c.LastUsedAt == nil {
		return p.T("clients.never_used")
	}
	return p.at(*c.LastUsedAt)
}

// numberOr is the number as a field has it; "" for nil.
func numberOr(n *int64) string {
	if n == nil {
		return ""
	}
	return number(*n)
}

// formNumber is a field of the form that is a positive number; 0 where it is none.
func (p *page) formNumber(name string) int64 {
	return positive(p.field(name))
}
