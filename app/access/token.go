package access

import (
	"context"
	"slices"
	"time"

	"noren"
	"noren/app/audit"
)

// TokenLife is how long an app's access token is valid.
const TokenLife = time.Hour

// IssuedToken is a new access token. Its Secret cannot be shown again.
type IssuedToken struct {
	Secret    string
	Scopes    []string
	ExpiresIn time.Duration
}

// IssueToken exchanges a client's id and secret for an access token with the wanted scopes, or with all of the client's
// scopes if wanted is empty. Unauthenticated with ReasonClient if contract, id or secret is wrong; Invalid with
// ReasonScope, and the scope as Value, if the client does not have a wanted scope.
func (s *Service) IssueToken(ctx context.Context, contract, key, secret string, wanted []string) (IssuedToken, error) {
	wrong := &noren.Error{Kind: noren.Unauthenticated, Reason: noren.ReasonClient, Message: "Client authentication failed"}
	c, err := s.AuthenticateKey(ctx, noren.Smaregi, key, secret)
	switch {
	case err != nil:
		return IssuedToken{}, err
	// The same error as for a wrong secret, so that nobody can find out which contracts exist.
	case c.Tenant.Contract != contract:
		return IssuedToken{}, wrong
	}
	var asked []string // each once
	for i, scope := range wanted {
		if slices.Contains(wanted[:i], scope) {
			continue
		}
		if !slices.Contains(c.Client.Scopes, scope) && !slices.Contains(c.Client.Scopes, otherSpelling(scope)) {
			return IssuedToken{}, &noren.Error{
				Kind: noren.Invalid, Reason: noren.ReasonScope, Value: scope,
				Message: "the client does not have the scope " + scope,
			}
		}
		asked = append(asked, scope)
	}
	// As RFC 6749, section 3.3, allows: the default is named in the response.
	if len(asked) == 0 {
		asked = c.Client.Scopes
	}
	issued := IssuedToken{Secret: noren.NewTenantSecret(c.Tenant.ID), Scopes: asked, ExpiresIn: TokenLife}
	expires := s.run.Now().Add(TokenLife)
	token := newToken(issued.Secret, c.Client.ID, asked)
	token.ExpiresAt = &expires
	// The caller comes from the credentials and knows nothing of the request, which the audit log names.
	c.RequestID = noren.OriginOf(ctx).RequestID
	err = s.run.Update(ctx, c.Tenant.ID, func(tx Tx) error {
		if err := tx.AddToken(ctx, token); err != nil {
			return err
		}
		return auditClient(ctx, tx, c.Entry(s.run.Now()), c.Client.Name, audit.Change("token", nil, "issued"))
	})
	if err == nil {
		s.NoteUse(c) // web notes uses of authenticated requests; this one has authenticated itself
	}
	return issued, err
}

// otherSpelling returns the same scope as Smaregi's documents spell it elsewhere; "" if they spell it in one way.
func otherSpelling(scope string) string {
	switch scope {
	case "pos.stock-takings:read":
		return "pos.stock-taking:read"
	case "pos.stock-taking:read":
		return "pos.stock-takings:read"
	}
	return ""
}

// newToken is a token with that secret, until it is revoked.
func newToken(secret string, client int64, scopes []string) noren.Token {
	return noren.Token{Named: noren.TenantNamed(secret), Hash: noren.HashSecret(secret), ClientID: client, Scopes: scopes}
}

// Authenticate finds the holder of a Bearer token. Unauthenticated if it is unknown, expired or revoked.
func (s *Service) Authenticate(ctx context.Context, secret string) (noren.Caller, error) {
	unknown := &noren.Error{Kind: noren.Unauthenticated, Message: "the access token is unknown, expired or revoked"}
	if secret == "" {
		return noren.Caller{}, unknown
	}
	c, token, err := s.directory.CallerByToken(ctx, noren.TenantNamed(secret), noren.HashSecret(secret))
	switch {
	case err != nil && noren.KindOf(err) == noren.NotFound:
		return noren.Caller{}, unknown
	case err != nil:
		return noren.Caller{}, err
	case token.ExpiresAt != nil && !s.run.Now().Before(*token.ExpiresAt):
		return noren.Caller{}, unknown
	}
	// An app's token never has a scope that the client has lost since. A user's token always has the scopes of the user.
	c.Scopes = c.Client.Scopes
	if c.Client.Kind == noren.AppClient {
		c.Scopes = slices.DeleteFunc(slices.Clone(token.Scopes), func(scope string) bool {
			return !slices.Contains(c.Client.Scopes, scope)
		})
	}
	return c, nil
}

// AuthenticateKey finds a client of the dialect by its key and checks its secret. Unauthenticated with ReasonClient if
// either is wrong.
func (s *Service) AuthenticateKey(ctx context.Context, dialect noren.Dialect, key, secret string) (noren.Caller, error) {
	c, err := s.directory.CallerByKey(ctx, dialect, key)
	switch {
	case err != nil && noren.KindOf(err) == noren.NotFound, err == nil && !c.Client.SecretMatches(secret):
		return noren.Caller{}, &noren.Error{Kind: noren.Unauthenticated, Reason: noren.ReasonClient, Message: "Client authentication failed"}
	case err != nil:
		return noren.Caller{}, err
	}
	c.Scopes = c.Client.Scopes
	return c, nil
}

// AuthenticateSecret finds a client of the dialect by its secret alone, which EasyPoints clients may send as their
// Bearer token. A secret that has been replaced is no longer valid. Unauthenticated if no client has it.
func (s *Service) AuthenticateSecret(ctx context.Context, dialect noren.Dialect, secret string) (noren.Caller, error) {
	c, err := s.Authenticate(ctx, secret)
	switch {
	case err != nil:
		return noren.Caller{}, err
	// The secret of now is compared too, so that a token of one that was replaced does not count, wherever it is still
	// found.
	case c.Client.Dialect != dialect || !c.Client.SecretMatches(secret):
		return noren.Caller{}, &noren.Error{Kind: noren.Unauthenticated, Reason: noren.ReasonClient, Message: "Client authentication failed"}
	}
	c.Scopes = c.Client.Scopes
	return c, nil
}
