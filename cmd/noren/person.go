package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"noren"
	"noren/app/members"
	"noren/app/privacy"
)

// personCmd is `noren person`.
type personCmd struct {
	Export   personExportCmd   `cmd:"" help:"Write all data about a member to a ZIP archive."`
	Erase    personEraseCmd    `cmd:"" help:"Erase the personal data of a member. This cannot be undone."`
	Receipts personReceiptsCmd `cmd:"" help:"List erased members, newest first."`
}

// memberFlags name one member.
type memberFlags struct {
	tenantFlags
	Member string `arg:"" help:"ID or code of the member."`
}

// find opens the database and finds the member. An ID comes before a code of the same form.
func (f memberFlags) find(ctx context.Context) (h *house, t noren.Tenant, member int64, err error) {
	if h, t, err = f.openTenant(ctx); err != nil {
		return nil, t, 0, err
	}
	if member, err = memberNamed(ctx, h, t, f.Member); err != nil {
		h.close()
	}
	return h, t, member, err
}

// memberNamed finds the member with the ID or the code.
func memberNamed(ctx context.Context, h *house, t noren.Tenant, name string) (int64, error) {
	filters := []noren.MemberFilter{{Codes: []string{name}}}
	if id, err := strconv.ParseInt(name, 10, 64); err == nil {
		filters = slices.Insert(filters, 0, noren.MemberFilter{IDs: []int64{id}})
	}
	for _, filter := range filters {
		filter.Limit = 1
		found, err := h.rooms.Members.List(ctx, operator(t), filter)
		if err != nil {
			return 0, fmt.Errorf("tenant %s: %w", t.Contract, err)
		}
		if len(found.Items) > 0 {
			return found.Items[0].ID, nil
		}
	}
	return 0, usageError{fmt.Errorf("the tenant %s has no member with the ID or code %s", t.Contract, name)}
}

// personExportCmd is `noren person export`.
type personExportCmd struct {
	memberFlags
	filesFlag
	Output string `short:"o" placeholder:"FILE" help:"The archive to write, which must not exist; default member-ID.zip."`
}

// Help is the text of `noren person export --help` above the flags.
func (personExportCmd) Help() string {
	return "The archive has data.json for programs, data.html to read, and the member's files."
}

// Run writes the archive.
func (c *personExportCmd) Run(ctx context.Context, std streams) (err error) {
	h, t, member, err := c.find(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	store, err := c.open()
	if err != nil {
		return err
	}
	defer store.Close()
	data, err := h.rooms.Privacy.HandOut(ctx, operator(t), member)
	if err != nil {
		return personError(t, member, err)
	}
	name := cmp.Or(c.Output, fmt.Sprintf("member-%d.zip", member))
	// Somebody's whole life in the shop: only the user who runs the command may read it.
	to, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return usageError{fmt.Errorf("--output: %w", err)}
	}
	err = privacy.WriteArchive(to, data, t.Location(), func(key string) (io.ReadCloser, error) {
		from, _, err := store.Open(ctx, members.FileName(t.Contract, key))
		return from, err
	})
	if err = errors.Join(err, to.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	say(std.out, "%s: everything about member %d of %s\n", name, member, t.Contract)
	return nil
}

// personError words an error about a member.
func personError(t noren.Tenant, id int64, err error) error {
	e, ok := errors.AsType[*noren.Error](err)
	switch {
	case ok && e.Kind == noren.NotFound:
		return usageError{fmt.Errorf("the tenant %s has no member %d", t.Contract, id)}
	case ok && e.Kind == noren.Conflict:
		return fmt.Errorf("member %d: %s", id, e.Message)
	}
	return fmt.Errorf("tenant %s: %w", t.Contract, err)
}

// personEraseCmd is `noren person erase`.
type personEraseCmd struct {
	memberFlags
	DryRun bool `help:"Only show what would be erased."`
}

// Help is the text of `noren person erase --help` above the flags.
func (personEraseCmd) Help() string {
	return "The member's number stays, with points, purchases and spend, so that sums stay right. Notes, files, values in the " +
		"audit log, bodies of bulk requests, refused lines, kept answers and received webhooks are removed. Addresses of files " +
		"stop working at once, and a server removes the bytes within a minute. Backups are not changed."
}

// Run erases the member and prints the receipt.
func (c *personEraseCmd) Run(ctx context.Context, std streams) error {
	h, t, member, err := c.find(ctx)
	if err != nil {
		return err
	}
	defer h.close()
	if c.DryRun {
		data, err := h.rooms.Privacy.Held(ctx, operator(t), member)
		if err != nil {
			return personError(t, member, err)
		}
		say(std.out, "member %d: %d notes, %d files, %d entries of the audit log and %d places elsewhere would be erased\n",
			member, len(data.Notes), len(data.Files), len(data.Changes), len(data.Traces))
		return nil
	}
	receipt, err := h.rooms.Privacy.Erase(ctx, operator(t), member)
	if err != nil {
		return personError(t, member, err)
	}
	text, err := json.Marshal(receipt)
	if err != nil {
		return err
	}
	say(std.out, "%s\n", text)
	return nil
}

// personReceiptsCmd is `noren person receipts`.
type personReceiptsCmd struct{ tenantsFlags }

// Run prints the receipts as a table.
func (c *personReceiptsCmd) Run(ctx context.Context, std streams) error {
	h, tenants, err := c.openTenants(ctx, anyTenant)
	if err != nil {
		return err
	}
	defer h.close()
	w := newTable(std.out)
	say(w, "TENANT\tMEMBER\tERASED AT\tBY\tREMOVED\n")
	for _, t := range tenants {
		list, err := h.rooms.Privacy.Erasures(ctx, operator(t))
		if err != nil {
			return fmt.Errorf("tenant %s: %w", t.Contract, err)
		}
		for _, e := range list {
			var parts []string
			for what, n := range e.Removed {
				if n > 0 {
					parts = append(parts, fmt.Sprintf("%d %s", n, what))
				}
			}
			slices.Sort(parts)
			say(w, "%s\t%d\t%s\t%s\t%s\n", t.Contract, e.MemberID, e.At.UTC().Format(time.RFC3339), e.By, strings.Join(parts, ", "))
		}
	}
	return w.Flush()
}
