package noren

import (
	"context"
	"slices"
	"time"
)

// TokenLife is how long an app's access token is valid.
const TokenLife = time.Hour

// IssuedToken is a new access token; Secret is shown this once.
type IssuedToken struct {
	Secret    string
	Scopes    []string
	ExpiresIn time.Duration
}

// IssueToken exchanges a client's id and secret for an access token with the scopes wanted, or all that the client has
// where none is named. Unauthenticated with ReasonClient where contract, id and secret do not belong together;
// Invalid with ReasonScope and the scope as Value where one was not granted.
func (s *Service) IssueToken(ctx context.Context, contract, key, secret string, wanted []string) (IssuedToken, error) {
	wrong := &Error{Kind: Unauthenticated, Reason: ReasonClient, Message: "Client authentication failed"}
	c, err := s.AuthenticateKey(ctx, Smaregi, key, secret)
	switch {
	case err != nil:
		return IssuedToken{}, err
	case c.Tenant.Contract != contract:
		return IssuedToken{}, wrong
	}
	for _, scope := range wanted {
		if !slices.Contains(c.Client.Scopes, scope) {
			return IssuedToken{}, &Error{
				Kind: Invalid, Reason: ReasonScope, Value: scope,
				Message: "the client has not been granted the scope " + scope,
			}
		}
	}
	if len(wanted) == 0 {
		wanted = c.Client.Scopes
	}
	issued := IssuedToken{Secret: NewSecret(""), Scopes: wanted, ExpiresIn: TokenLife}
	expires := s.now().Add(TokenLife)
	token := Token{Hash: HashSecret(issued.Secret), ClientID: c.Client.ID, Scopes: wanted, ExpiresAt: &expires}
	err = s.engine.Update(ctx, c.Tenant.ID, func(tx Tx) error { return tx.AddToken(ctx, token) })
	if err == nil {
		s.NoteUse(c)
	}
	return issued, err
}

// Authenticate finds who holds a Bearer token. Unauthenticated where nobody does, or it has expired.
func (s *Service) Authenticate(ctx context.Context, secret string) (Caller, error) {
	unknown := &Error{Kind: Unauthenticated, Message: "the access token is unknown, expired or revoked"}
	if secret == "" {
		return Caller{}, unknown
	}
	c, token, err := s.engine.CallerByToken(ctx, HashSecret(secret))
	switch {
	case err != nil && KindOf(err) == NotFound:
		return Caller{}, unknown
	case err != nil:
		return Caller{}, err
	case token.ExpiresAt != nil && !s.now().Before(*token.ExpiresAt):
		return Caller{}, unknown
	}
	// What is taken from a client is taken from its tokens; a user's token always has what the user has.
	c.Scopes = c.Client.Scopes
	if c.Client.Kind == AppClient {
		c.Scopes = slices.DeleteFunc(slices.Clone(token.Scopes), func(scope string) bool {
			return !slices.Contains(c.Client.Scopes, scope)
		})
	}
	return c, nil
}

// AuthenticateKey finds the client of that dialect by its key and proves it by its secret. Unauthenticated with
// ReasonClient where they do not belong together.
func (s *Service) AuthenticateKey(ctx context.Context, dialect Dialect, key, secret string) (Caller, error) {
	c, err := s.engine.CallerByKey(ctx, dialect, key)
	switch {
	case err != nil && KindOf(err) == NotFound, err == nil && !c.Client.secretMatches(secret):
		return Caller{}, &Error{Kind: Unauthenticated, Reason: ReasonClient, Message: "Client authentication failed"}
	case err != nil:
		return Caller{}, err
	}
	c.Scopes = c.Client.Scopes
	return c, nil
}

// AuthenticateSecret finds the client of that dialect by its secret alone, which clients of EasyPoints may send as their
// Bearer token. A secret that has been replaced proves nothing any more. Unauthenticated where nobody has it.
func (s *Service) AuthenticateSecret(ctx context.Context, dialect Dialect, secret string) (Caller, error) {
	c, err := s.Authenticate(ctx, secret)
	switch {
	case err != nil:
		return Caller{}, err
	case c.Client.Dialect != dialect || !c.Client.secretMatches(secret):
		return Caller{}, &Error{Kind: Unauthenticated, Reason: ReasonClient, Message: "Client authentication failed"}
	}
	c.Scopes = c.Client.Scopes
	return c, nil
}
