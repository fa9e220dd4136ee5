package access

import (
	"context"

	"noren"
	"noren/app/audit"
)

// The names of the secrets that are created on first use.
const (
	SecretReCOREKeys = "recore.jwt" // signs the API keys of the ReCORE dialect
	SecretFileLinks  = "files.link" // signs the temporary addresses of files
	SecretKeptForms  = "kept.forms" // seals forms of the console that were sent after the session had ended
)

// TenantSecret returns the tenant's secret of that name, and creates it if there is none.
func (s *Service) TenantSecret(ctx context.Context, tenant noren.TenantID, name string) (secret string, err error) {
	valid, err := s.TenantSecrets(ctx, tenant, name)
	if err != nil {
		return "", err
	}
	return valid[0], nil
}

// MadeSecrets is TenantSecrets without making one: none if there is none yet, or no such tenant. It is for requests of which it is not
// known whether they come from the tenant.
func (s *Service) MadeSecrets(ctx context.Context, tenant noren.TenantID, name string) ([]string, error) {
	key, err := s.directory.SigningKey(ctx, tenant, name)
	if err != nil || key.Secret == "" {
		return nil, err
	}
	return key.Valid(s.run.Now()), nil
}

// TenantSecrets returns the tenant's secrets of that name that are valid now, and creates one if there is none. The first
// is the one to sign with.
func (s *Service) TenantSecrets(ctx context.Context, tenant noren.TenantID, name string) ([]string, error) {
	// From memory, as a rule; only the very first request of a tenant goes on.
	key, err := s.directory.SigningKey(ctx, tenant, name)
	if err != nil || key.Secret != "" {
		return key.Valid(s.run.Now()), err
	}
	err = s.run.Update(ctx, tenant, func(tx Tx) error {
		// Raising a counter by nothing locks its row, so that of two processes that create a secret at once, the second finds
		// the secret of the first.
		if err := tx.Raise(ctx, noren.CounterClient, 0); err != nil {
			return err
		}
		if key, err = tx.SigningKey(ctx, name); err != nil || key.Secret != "" {
			return err
		}
		key = noren.SigningKey{Secret: noren.NewSecret("")}
		if err := tx.PutSigningKey(ctx, name, key); err != nil {
			return err
		}
		return tx.AddAudit(ctx, []noren.AuditEntry{{
			At: s.run.Now(), Dialect: "noren", Subject: "signing key", SubjectID: name, Changes: audit.Change("secret", nil, "made"),
		}})
	})
	return key.Valid(s.run.Now()), err
}

// CallerByKey finds a client of the dialect by its key, with all of its scopes. It proves nothing: the dialect has to
// check that the request comes from that client. Unauthenticated if there is no such client.
func (s *Service) CallerByKey(ctx context.Context, dialect noren.Dialect, key string) (noren.Caller, error) {
	c, err := s.directory.CallerByKey(ctx, dialect, key)
	if err != nil && noren.KindOf(err) == noren.NotFound {
		return noren.Caller{}, &noren.Error{Kind: noren.Unauthenticated, Reason: noren.ReasonClient, Message: "no such client"}
	}
	c.Scopes = c.Client.Scopes
	return c, err
}
