package noren

import (
	"context"
	"time"
)

// SecondFactor is what a console user shows beside the password: a code that an app makes every half minute, or one of the
// recovery codes.
type SecondFactor struct {
	Login string
	// Secret is what the app makes its codes from, in base32; "": the user has no second factor. It is stored in clear, because
	// codes have to be made from it here too.
	Secret string
	OnAt   *time.Time // when the user has proved to have the app; nil: not yet, and signing in asks for no code
	// UsedStep is the half minute since 1970 of the last code that was accepted. Its codes and all before are used up.
	UsedStep int64
	Recovery [][]byte // hashes of the recovery codes that are left; each is good for once
}

// On reports whether signing in asks for a code.
func (f SecondFactor) On() bool { return f.OnAt != nil }

// SecondFactorTx reads and writes the second factors of console users.
type SecondFactorTx interface {
	SecondFactors(ctx context.Context) ([]SecondFactor, error) // in no order
	// LockSecondFactor returns the login's second factor, for a transaction that writes it; without one, the zero SecondFactor.
	LockSecondFactor(ctx context.Context, login string) (SecondFactor, error)
	PutSecondFactor(ctx context.Context, f SecondFactor) error
	// DeleteSecondFactor deletes the login's second factor, if there is one.
	DeleteSecondFactor(ctx context.Context, login string) error
}
