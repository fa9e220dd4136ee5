package main

import (
	"bufio"
	"context"
	"os"
	"strconv"
	"strings"
	"time"
)

// searchFlag is the memory limit of the member search.
type searchFlag struct {
	SearchMemory string `placeholder:"SIZE" variable:"NOREN_SEARCH_MEMORY" help:"Memory for searching members, such as 512MB; 0 for none. The default is a quarter of the machine's memory."`
}

// shareOfMemory is the part of the machine's memory that search indexes may take by default: one of so many.
const shareOfMemory = 4

// bytes is the limit in the form of sqlstore.Config: 0 for the default, negative for none.
func (f searchFlag) bytes() (int64, error) {
	if f.SearchMemory == "" {
		return machineMemory() / shareOfMemory, nil // 0 if it is unknown: the store has a default of its own
	}
	n, ok := parseSize(f.SearchMemory)
	if !ok {
		return 0, wrong("search-memory", "NOREN_SEARCH_MEMORY", "%q is not a size; write it as 512MB or 2GB", f.SearchMemory)
	}
	if n == 0 {
		return -1, nil
	}
	return n, nil
}

// parseSize parses a number of bytes: digits, optionally with a fraction and with KB, MB, GB or TB, which are powers of
// 1024.
func parseSize(text string) (n int64, ok bool) {
	text = strings.ToUpper(strings.TrimSpace(text))
	unit := 1.0
	for i, prefix := range "KMGT" {
		for _, suffix := range []string{string(prefix), string(prefix) + "B", string(prefix) + "IB"} {
			if number, found := strings.CutSuffix(text, suffix); found {
				text, unit = number, float64(int64(1)<<(10*(i+1)))
			}
		}
	}
	number, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil || !(number >= 0 && number*unit < 1<<62) || strings.Trim(strings.TrimSpace(text), "0123456789.") != "" {
		return 0, false
	}
	return int64(number * unit), true
}

// machineMemory is the memory of the machine, or of the container that the program runs in, in bytes; 0 if it is unknown.
func machineMemory() int64 {
	total := int64(0)
	if file, err := os.Open("/proc/meminfo"); err == nil {
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			if amount, found := strings.CutPrefix(lines.Text(), "MemTotal:"); found {
				total, _ = parseSize(amount) // "   16384 kB"
			}
		}
	}
	for _, name := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(name)
		if limit, ok := parseSize(string(text)); err == nil && ok && (total == 0 || limit < total) { // "max" means no limit, and is not a size
			total = limit
		}
	}
	return total
}

// loadSearch loads the members of all tenants into memory, as many as fit, so that the first searches are fast too.
func (h *house) loadSearch(ctx context.Context) {
	started := time.Now()
	if err := h.engine.LoadSearch(ctx); err != nil {
		if ctx.Err() == nil {
			h.log.Error("loading members for searching", "error", err) // they are loaded at the first search
		}
		return
	}
	h.log.Info("members are loaded for searching", "took", time.Since(started).Round(time.Millisecond))
}
