package noren

import "context"

// The names of the secrets that are made when they are first asked for.
const (
	SecretReCOREKeys = "recore.jwt" // signs the API keys of the ReCORE dialect
	SecretFileLinks  = "files.link" // signs the temporary addresses of files
)

// TenantSecret answers the tenant's secret of that name, and makes one where there is none.
func (s *Service) TenantSecret(ctx context.Context, tenant TenantID, name string) (secret string, err error) {
	secret, err = s.engine.SigningKey(ctx, tenant, name)
	if err != nil || secret != "" {
		return secret, err
	}
	err = s.engine.Update(ctx, tenant, func(tx Tx) error {
		// Raising a counter by nothing locks its row, so that of two who make a secret at once the second finds the first's.
		if err := tx.Raise(ctx, CounterClient, 0); err != nil {
			return err
		}
		if secret, err = tx.SigningKey(ctx, name); err != nil || secret != "" {
			return err
		}
		secret = NewSecret("")
		if err := tx.PutSigningKey(ctx, name, secret); err != nil {
			return err
		}
		return lane{tx: tx}.audit(ctx, []AuditEntry{{
			At: s.now(), Dialect: "noren", Subject: "signing key", SubjectID: name, Changes: change("secret", nil, "made"),
		}})
	})
	return secret, err
}

// CallerByKey finds the client of that dialect by its key, with all scopes that it has. It proves nothing: the dialect
// has to check that the request was made by the client. Unauthenticated where there is no such client.
func (s *Service) CallerByKey(ctx context.Context, dialect Dialect, key string) (Caller, error) {
	c, err := s.engine.CallerByKey(ctx, dialect, key)
	if err != nil && KindOf(err) == NotFound {
		return Caller{}, &Error{Kind: Unauthenticated, Reason: ReasonClient, Message: "there is no such client"}
	}
	c.Scopes = c.Client.Scopes
	return c, err
}

// StoreExists reports whether the tenant has the store.
func (s *Service) StoreExists(ctx context.Context, tenant TenantID, id int64) (found bool, err error) {
	err = s.engine.View(ctx, tenant, func(tx Tx) error {
		stores, _, err := tx.Stores(ctx, CatalogueFilter{IDs: []int64{id}})
		found = len(stores) > 0
		return err
	})
	return found, err
}

// Upload answers what is known of an uploaded file. NotFound where the tenant has none with that key.
func (s *Service) Upload(ctx context.Context, tenant TenantID, fileKey string) (u Upload, err error) {
	err = s.engine.View(ctx, tenant, func(tx Tx) error {
		found, err := tx.Upload(ctx, fileKey)
		if err == nil && found == nil {
			return notFound("file", fileKey)
		}
		u = deref(found)
		return err
	})
	return u, err
}
