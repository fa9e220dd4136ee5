package main

import (
	"context"
	"fmt"
	"strconv"

	"noren"
)

// usersCmd is `noren users`: the users of the console.
type usersCmd struct {
	List  usersListCmd  `cmd:"" help:"List the users of the console."`
	Reset usersResetCmd `cmd:"" name:"reset-second-factor" help:"Turn off two-step verification for a user who has lost their phone and recovery codes."`
}

// usersListCmd is `noren users list`.
type usersListCmd struct{ tenantsFlags }

// Run prints the users as a table.
func (c *usersListCmd) Run(ctx context.Context, std streams) error {
	h, tenants, err := c.openTenants(ctx, anyTenant)
	if err != nil {
		return err
	}
	defer h.close()
	w := newTable(std.out)
	say(w, "TENANT\tLOGIN\tROLE\tSTORE\tSTATE\tTWO-STEP VERIFICATION\n")
	for _, t := range tenants {
		users, err := h.rooms.Access.Users(ctx, operator(t))
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t.Contract, err)
		}
		for _, u := range users {
			store, state, factor := "all", "in use", "off"
			if u.StoreID != nil {
				store = strconv.FormatInt(*u.StoreID, 10)
			}
			if u.DisabledAt != nil {
				state = "switched off"
			}
			if u.SecondFactorAt != nil {
				factor = "on"
			}
			say(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Contract, u.Login, u.Role, store, state, factor)
		}
	}
	return w.Flush()
}

// usersResetCmd is `noren users reset-second-factor`.
type usersResetCmd struct {
	tenantFlags
	Login string `arg:"" help:"Login of the user."`
}

// Run turns the second factor off.
func (c *usersResetCmd) Run(ctx context.Context, std streams) error {
	h, t, err := c.openTenant(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	err = h.rooms.Access.ResetSecondFactor(ctx, operator(t), c.Login)
	if noren.KindOf(err) == noren.NotFound {
		return usageError{fmt.Errorf("the tenant %s has no user %q with two-step verification", t.Contract, c.Login)}
	}
	if err != nil {
		return fmt.Errorf("tenant %s: %w", t.Contract, err)
	}
	say(std.out, "two-step verification of %s is off\n", c.Login)
	return nil
}
