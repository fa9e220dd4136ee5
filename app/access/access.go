// Package access decides who may call. It has clients with their credentials and tokens, console users with their
// sessions, and the tenants' secrets.
package access

import (
	"context"
	"sync"
	"time"

	"noren"
	"noren/app/audit"
	"noren/app/unit"
)

// Tx is the part of a transaction that access takes.
type Tx interface {
	audit.Tx
	noren.SecretTx
	noren.UserTx
	noren.SecondFactorTx
	noren.CatalogueTx
}

// Directory is what is looked up before a tenant is known.
type Directory interface {
	noren.TenantDirectory
	noren.ClientDirectory
	noren.UserDirectory
	DeleteExpired(ctx context.Context, now time.Time) (int, error)
}

// Service has the use cases of access. It is safe for concurrent use.
type Service struct {
	run       unit.Room[Tx]
	directory Directory
	passwords PasswordHasher

	hashing chan struct{} // holds one element for each password being hashed
	decoy   func() string // a hash that matches no password
	uses    clientUses
}

// New makes a Service.
func New(run *unit.Runner, directory Directory, passwords PasswordHasher) *Service {
	return &Service{
		run: unit.In[Tx](run), directory: directory, passwords: passwords, hashing: make(chan struct{}, mostHashing),
		// Made when it is first needed: a hash takes a while, and most commands sign nobody in.
		decoy: sync.OnceValue(func() string { return passwords.Hash(noren.NewSecret("")) }),
	}
}

// DeleteExpired removes expired tokens, sessions and kept answers, and old failures to sign in, a bounded number a call.
// It returns how many.
func (s *Service) DeleteExpired(ctx context.Context) (int, error) {
	return s.directory.DeleteExpired(ctx, s.run.Now())
}
