package console

import (
	"strconv"

	"noren"
)

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
	n, err := strconv.ParseInt(p.field(name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}
