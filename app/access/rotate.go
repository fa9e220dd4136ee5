package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"noren"
	"noren/app/audit"
)

// maxAPIKeys is how many API keys of one client may be valid at once.
const maxAPIKeys = 50

// IssueAPIKey issues another API key of a client of ReCORE; the dialect derives it from what is returned. expires may be
// nil. Invalid with the field expires if that has passed; NotFound and ReasonRevoked as for UpdateClient; Forbidden for a
// caller restricted to one store.
func (s *Service) IssueAPIKey(
	ctx context.Context, c noren.Caller, id int64, expires *time.Time,
) (client noren.Client, key noren.APIKey, err error) {
	if expires != nil && !expires.After(s.run.Now()) {
		return client, key, &noren.Error{Kind: noren.Invalid, Reason: noren.ReasonPast, Field: "expires", Message: "must not have passed"}
	}
	err = s.changeAPIKeys(ctx, c, id, func(client *noren.Client, now time.Time) (before, after any, err error) {
		key = noren.APIKey{ID: 1, IssuedAt: now, ExpiresAt: expires}
		valid := 0
		for _, k := range client.APIKeys {
			// Revoked keys keep their numbers, or a new key would be refused as the old one.
			key.ID = max(key.ID, k.ID+1)
			if k.RevokedAt == nil && (k.ExpiresAt == nil || now.Before(*k.ExpiresAt)) {
				valid++
			}
		}
		if valid >= maxAPIKeys {
			return nil, nil, &noren.Error{
				Kind: noren.Invalid, Reason: noren.ReasonTooMany, Field: "keys",
				Message: fmt.Sprintf("the client has %d valid keys; revoke some", valid),
			}
		}
		client.APIKeys = append(slices.Clone(client.APIKeys), key)
		return nil, key.ID, nil
	}, &client)
	return client, key, err
}

// RevokeAPIKey revokes one API key of a client: it is refused from the next request on. The key 0 stands for all those that
// versions have issued that did not count them. NotFound if the client has no such key. One that was revoked stays so.
func (s *Service) RevokeAPIKey(ctx context.Context, c noren.Caller, id, key int64) error {
	var client noren.Client
	return s.changeAPIKeys(ctx, c, id, func(client *noren.Client, now time.Time) (before, after any, err error) {
		client.APIKeys = slices.Clone(client.APIKeys)
		at := slices.IndexFunc(client.APIKeys, func(k noren.APIKey) bool { return k.ID == key })
		switch {
		// Keys from before they were counted have no entry until they are revoked, all at once.
		case at < 0 && key == 0:
			client.APIKeys = slices.Insert(client.APIKeys, 0, noren.APIKey{RevokedAt: &now})
		case at < 0:
			return nil, nil, noren.Missing("API key", key)
		case client.APIKeys[at].RevokedAt == nil:
			client.APIKeys[at].RevokedAt = &now
		}
		return key, nil, nil
	}, &client)
}

// changeAPIKeys changes the API keys of a client, and records which number there was before and is after.
func (s *Service) changeAPIKeys(
	ctx context.Context, c noren.Caller, id int64,
	change func(client *noren.Client, now time.Time) (before, after any, err error), out *noren.Client,
) error {
	if err := c.WholeTenant(); err != nil {
		return err
	}
	_, err := s.run.Write(ctx, c, nil, func(tx Tx, by noren.AuditEntry) (any, error) {
		client, err := clientToChange(ctx, tx, id)
		switch {
		case err != nil:
			return nil, err
		case client.RevokedAt != nil:
			return nil, noren.Refusals{{Kind: noren.Conflict, Reason: noren.ReasonRevoked, Message: "a revoked client cannot be changed"}}
		case client.Dialect != noren.ReCORE:
			return nil, &noren.Error{
				Kind: noren.Invalid, Field: "dialect", Value: string(client.Dialect), Message: "only clients of recore have API keys",
			}
		}
		before, after, err := change(&client, by.At.UTC().Truncate(time.Second)) // as a key says it
		if err != nil {
			return nil, err
		}
		*out = client
		if err := tx.PutClients(ctx, []noren.Client{client}); err != nil {
			return nil, err
		}
		return nil, auditClient(ctx, tx, by, client.Name, audit.Change("api key", before, after))
	})
	return err
}

// KeySignatures says when the secret that signs API keys was replaced.
type KeySignatures struct {
	replaced []time.Time // the last two times, newest first
	until    time.Time   // until when the secret before is valid
}

// End returns until when the signature of a key is valid that was issued at that time; replaced is false if it has no end. Of keys
// issued in the second of a rotation, which their times do not tell apart, it says that they have none.
func (s KeySignatures) End(issued time.Time) (until time.Time, replaced bool) {
	for i, at := range s.replaced {
		if issued.Before(at.Truncate(time.Second)) {
			until, replaced = s.until, true
			if i > 0 {
				until = time.Time{} // only one secret before is kept
			}
		}
	}
	return until, replaced
}

// KeySignatures reads when the secret of API keys was replaced, from the audit log. Forbidden for a caller restricted to one store.
func (s *Service) KeySignatures(ctx context.Context, c noren.Caller) (signed KeySignatures, err error) {
	if err := c.WholeTenant(); err != nil {
		return signed, err
	}
	err = s.run.View(ctx, c.Tenant.ID, func(tx Tx) error {
		key, err := tx.SigningKey(ctx, SecretReCOREKeys)
		if err != nil {
			return err
		}
		signed = KeySignatures{until: key.PreviousUntil}
		entries, err := tx.Audit(ctx, noren.AuditFilter{
			Subject: "signing key", SubjectID: SecretReCOREKeys, Page: noren.Page{Limit: 2},
		})
		for _, e := range entries {
			signed.replaced = append(signed.replaced, e.At)
		}
		return err
	})
	return signed, err
}

// MaxSecretKept is how long a secret that was replaced may stay valid.
const MaxSecretKept = 90 * 24 * time.Hour

// RotateSecret replaces a secret of the tenant, such as SecretReCOREKeys or noren.ClientSecretName of a client. Both are
// valid for as long as kept says, and then the new one alone. value is the new secret; if it is empty, one is made. It
// returns the secret and until when the one before is valid. Conflict while the secret before the present one is valid, unless kept
// is 0, which ends both.
func (s *Service) RotateSecret(
	ctx context.Context, c noren.Caller, name, value string, kept time.Duration,
) (secret string, until time.Time, err error) {
	if kept < 0 || kept > MaxSecretKept {
		return "", until, &noren.Error{
			Kind: noren.Invalid, Field: "keep", Message: fmt.Sprintf("must be 0 to %d days", MaxSecretKept/(24*time.Hour)),
		}
	}
	if err := c.WholeTenant(); err != nil {
		return "", until, err
	}
	err = s.run.Update(ctx, c.Tenant.ID, func(tx Tx) error {
		// As where a secret is created: of two who replace it at once, the second replaces what the first has made.
		if err := tx.Raise(ctx, noren.CounterClient, 0); err != nil {
			return err
		}
		before, err := tx.SigningKey(ctx, name)
		if err != nil {
			return err
		}
		now := s.run.Now()
		// Only one secret before is kept, and it was promised a time: receivers that were to change meanwhile would fail now.
		if valid := before.Valid(now); kept > 0 && len(valid) > 1 {
			return &noren.Error{
				Kind: noren.Conflict, Field: "keep", Message: "the secret before the present one is valid until " +
					before.PreviousUntil.UTC().Format(time.RFC3339) + "; rotate again after that, or end both at once with 0s",
			}
		}
		secret, until = value, now.Add(kept)
		if secret == "" {
			secret = noren.NewSecret("")
		}
		if err := tx.PutSigningKey(ctx, name, before.Rotated(secret, until)); err != nil {
			return err
		}
		by := c.Entry(now)
		by.Subject, by.SubjectID, by.Changes = "signing key", name, audit.Change("secret", nil, "rotated")
		return tx.AddAudit(ctx, []noren.AuditEntry{by})
	})
	return secret, until, err
}
