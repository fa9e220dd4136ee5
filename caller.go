package noren

import (
	"context"
	"slices"
	"time"
)

// Caller is the sender of a request: one tenant and one of its clients.
type Caller struct {
	Tenant    Tenant
	Client    Client
	Scopes    []string // of the credential used, which may be fewer than the client's
	Login     string   // of the console user; "" if the caller is a program
	RequestID string   // of the HTTP request, for logs and audit
}

// HasScope reports whether the credential carries at least one of the scopes.
func (c Caller) HasScope(scopes ...string) bool {
	return slices.ContainsFunc(scopes, func(s string) bool { return slices.Contains(c.Scopes, s) })
}

// WholeTenant returns Forbidden for a caller restricted to one store. It guards what shows or changes something of all
// stores, or of none.
func (c Caller) WholeTenant() error {
	if c.Client.StoreID == nil {
		return nil
	}
	return &Error{Kind: Forbidden, Reason: ReasonScope, Message: "a caller restricted to one store may not do this"}
}

// SeesStore reports whether a caller restricted to own, nil for none, may see what belongs to that store alone, such as its stock. To
// others it looks as if it did not exist.
func SeesStore(own *int64, store int64) bool { return own == nil || *own == store }

// Entry returns the audit entry of a write by the caller at that time. The caller fills in what was written.
func (c Caller) Entry(at time.Time) AuditEntry {
	e := AuditEntry{At: at, Login: c.Login, Dialect: string(c.Client.Dialect), RequestID: c.RequestID}
	if c.Login == "" && c.Client.ID != 0 { // console users, the operator and other systems are not clients
		e.ClientID = &c.Client.ID
	}
	return e
}

// ClientDirectory finds clients before their tenant is known, and the secrets that requests are checked with.
type ClientDirectory interface {
	// CallerByToken finds the token with that hash, with its client and tenant. named is the tenant that its secret names, 0 for
	// none. NotFound if there is none.
	CallerByToken(ctx context.Context, named TenantID, hash []byte) (Caller, Token, error)
	// CallerByKey finds the client with that key (client_id), with its tenant. NotFound if there is none.
	CallerByKey(ctx context.Context, dialect Dialect, key string) (Caller, error)
	// SigningKey is Tx.SigningKey outside a transaction: each request signed with such a secret costs one look-up.
	SigningKey(ctx context.Context, tenant TenantID, name string) (SigningKey, error)
}
