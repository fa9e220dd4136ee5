package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"noren"
	"noren/app/access"
)

// keysCmd is `noren keys`: the API keys of ReCORE clients.
type keysCmd struct {
	List   keysListCmd   `cmd:"" help:"List the API keys that were issued, without the keys themselves."`
	Issue  keysIssueCmd  `cmd:"" help:"Issue another API key for a client and print it."`
	Revoke keysRevokeCmd `cmd:"" help:"Revoke one API key; the client's other keys stay valid."`
}

// clientFlags name one client of one tenant.
type clientFlags struct {
	tenantFlags
	Client string `required:"" placeholder:"NAME" help:"Name of the client."`
}

// find opens the database and finds the client. The caller closes the house.
func (f clientFlags) find(ctx context.Context) (h *house, t noren.Tenant, c noren.Client, err error) {
	if h, t, err = f.openTenant(ctx); err != nil {
		return nil, t, c, err
	}
	if c, err = clientOf(ctx, h, t, f.Client); err != nil {
		h.close()
		return nil, t, c, err
	}
	return h, t, c, nil
}

// clientOf finds a client by its name.
func clientOf(ctx context.Context, h *house, t noren.Tenant, name string) (noren.Client, error) {
	list, err := h.rooms.Access.Clients(ctx, operator(t))
	if err != nil {
		return noren.Client{}, err
	}
	at := slices.IndexFunc(list.Clients, func(c noren.Client) bool { return c.Name == name })
	if at < 0 {
		return noren.Client{}, usageError{fmt.Errorf("--client: the tenant %s has no client %q", t.Contract, name)}
	}
	return list.Clients[at], nil
}

// keysListCmd is `noren keys list`.
type keysListCmd struct{ tenantsFlags }

// Run prints the keys as a table.
func (c *keysListCmd) Run(ctx context.Context, std streams) error {
	h, tenants, err := c.openTenants(ctx, anyTenant)
	if err != nil {
		return err
	}
	defer h.close()
	w := newTable(std.out)
	say(w, "TENANT\tCLIENT\tKEY\tISSUED\tEXPIRES\tSTATE\n")
	for _, t := range tenants {
		list, err := h.rooms.Access.Clients(ctx, operator(t))
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t.Contract, err)
		}
		signed, err := h.rooms.Access.KeySignatures(ctx, operator(t))
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t.Contract, err)
		}
		for _, client := range list.Clients {
			for _, key := range client.APIKeys {
				expires, state := "never", "valid"
				if key.ExpiresAt != nil {
					expires = key.ExpiresAt.UTC().Format(time.RFC3339)
					if !time.Now().Before(*key.ExpiresAt) {
						state = "expired"
					}
				}
				if until, replaced := signed.End(key.IssuedAt); replaced && state == "valid" {
					state = "signed with a secret that was replaced"
					if time.Now().Before(until) {
						state = "valid until " + until.UTC().Format(time.RFC3339) + ", when the secret before ends"
					}
				}
				if key.RevokedAt != nil || client.RevokedAt != nil {
					state = "revoked"
				}
				say(w, "%s\t%s\t%d\t%s\t%s\t%s\n", t.Contract, client.Name, key.ID, key.IssuedAt.UTC().Format(time.RFC3339), expires, state)
			}
		}
	}
	return w.Flush()
}

// keysIssueCmd is `noren keys issue`.
type keysIssueCmd struct {
	clientFlags
	Expires string `placeholder:"DAY" help:"First day on which the key is no longer valid, in UTC, such as 2027-04-01, or a time with its offset. Without it the key does not expire."`
}

// Run issues a key.
func (c *keysIssueCmd) Run(ctx context.Context, std streams) error {
	expires, err := c.until()
	if err != nil {
		return err
	}
	h, t, client, err := c.find(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	if client.Dialect != noren.ReCORE {
		return usageError{fmt.Errorf("--client: %q speaks %s; only clients of recore have API keys", client.Name, client.Dialect)}
	}
	if client.RevokedAt != nil {
		return usageError{fmt.Errorf("--client: %q was revoked", client.Name)}
	}
	text, key, err := identification(ctx, h.rooms, client.Key, expires)
	if e, ok := errors.AsType[*noren.Error](err); ok && e.Kind == noren.Invalid {
		return usageError{fmt.Errorf("%s: %s", e.Field, e.Message)}
	}
	if err != nil {
		return fmt.Errorf("tenant %s: %w", t.Contract, err)
	}
	say(std.out, "key %d of %s; it cannot be shown again\n%s\n", key.ID, client.Name, text)
	return nil
}

// until reads --expires.
func (c *keysIssueCmd) until() (*time.Time, error) {
	if c.Expires == "" {
		return nil, nil
	}
	for _, form := range []string{time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(form, c.Expires); err == nil {
			return &at, nil
		}
	}
	return nil, usageError{fmt.Errorf("--expires: %q is not a day; write it as 2027-04-01", c.Expires)}
}

// keysRevokeCmd is `noren keys revoke`.
type keysRevokeCmd struct {
	clientFlags
	Key int64 `required:"" placeholder:"NUMBER" help:"Number of the key, as noren keys list shows it; 0 for all keys issued by versions before 0.2."`
}

// Run revokes a key.
func (c *keysRevokeCmd) Run(ctx context.Context, std streams) error {
	h, t, client, err := c.find(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	err = h.rooms.Access.RevokeAPIKey(ctx, operator(t), client.ID, c.Key)
	if noren.KindOf(err) == noren.NotFound {
		return usageError{fmt.Errorf("--key: the client %q has no key %d", client.Name, c.Key)}
	}
	if err != nil {
		return fmt.Errorf("tenant %s: %w", t.Contract, err)
	}
	say(std.out, "key %d of %s is revoked\n", c.Key, client.Name)
	return nil
}

// What noren rotate can replace besides the callback secret of a client, by the names of the command.
const (
	rotatedKeys    = "recore.jwt"
	rotatedLinks   = "files.link"
	rotatedShopify = "shopify.webhook"
)

// rotateCmd is `noren rotate`.
type rotateCmd struct {
	tenantFlags
	Secret string `arg:"" help:"recore.jwt: signs API keys. files.link: signs addresses of files. shopify.webhook: verifies webhooks. The name of a client: signs its callbacks."`
	Keep   string `default:"24h" placeholder:"TIME" help:"How long the old secret stays valid, such as 24h or 7d; 0 ends it at once."`
	Value  string `placeholder:"SECRET" help:"The new secret; required for shopify.webhook, otherwise generated."`
}

// Help is the text of `noren rotate --help` above the flags.
func (rotateCmd) Help() string {
	return "Callbacks are signed with both secrets while both are valid. API keys that were signed with the secret before stop " +
		"when it does: issue new ones with noren keys issue. If the shop file has the secret, change it there too."
}

// kept reads --keep. What Go writes, such as 1h30m, is read as well.
func (c *rotateCmd) kept() (time.Duration, error) {
	if c.Keep == "0" {
		return 0, nil
	}
	keep, ok := parseDays(c.Keep)
	if !ok {
		var err error
		keep, err = time.ParseDuration(c.Keep)
		ok = err == nil
	}
	if !ok || keep < 0 || keep > access.MaxSecretKept {
		return 0, usageError{fmt.Errorf("--keep: %q is not a time of 0 to %dd; write it as 24h or 7d",
			c.Keep, access.MaxSecretKept/(24*time.Hour))}
	}
	return keep, nil
}

// Run replaces the secret.
func (c *rotateCmd) Run(ctx context.Context, std streams) error {
	if c.Secret == rotatedShopify && c.Value == "" {
		return usageError{errors.New("--value: required, because Shopify makes the secret")}
	}
	keep, err := c.kept()
	if err != nil {
		return err
	}
	h, t, err := c.openTenant(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	name, known := map[string]string{
		rotatedKeys: access.SecretReCOREKeys, rotatedLinks: access.SecretFileLinks, rotatedShopify: noren.SigningKeyShopify,
	}[c.Secret]
	if !known {
		client, err := clientOf(ctx, h, t, c.Secret)
		if _, unknown := errors.AsType[usageError](err); unknown {
			return usageError{fmt.Errorf("%q is neither %s, %s, %s nor the name of a client of the tenant %s",
				c.Secret, rotatedKeys, rotatedLinks, rotatedShopify, t.Contract)}
		}
		if err != nil {
			return err
		}
		if client.Dialect != noren.Smaregi {
			return usageError{fmt.Errorf("%q speaks %s; only clients of smaregi get callbacks, which the secret would sign",
				client.Name, client.Dialect)}
		}
		name = noren.ClientSecretName(client.ID)
		c.Value = cmp.Or(c.Value, noren.NewWebhookSecret())
		if !noren.IsWebhookSecret(c.Value) {
			return usageError{errors.New("--value: must be whsec_ and at least 24 bytes in base64")}
		}
	}
	secret, until, err := h.rooms.Access.RotateSecret(ctx, operator(t), name, c.Value, keep)
	if err != nil {
		return fmt.Errorf("tenant %s: %w", t.Contract, err)
	}
	if keep == 0 {
		say(std.out, "the secret is replaced; the one before is not valid any more\n")
	} else {
		say(std.out, "the secret is replaced; the one before is valid until %s\n", until.UTC().Format(time.RFC3339))
	}
	// Only a callback's secret is for somebody else to know.
	if !known {
		say(std.out, "%s\n", secret)
	}
	return nil
}
