package noren_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestVendoredScripts holds the front-end libraries against their checksums, which fetch.sh writes: nobody changes one in
// passing.
func TestVendoredScripts(t *testing.T) {
	t.Parallel()
	list, err := os.Open("console/static/lib.sha256")
	if err != nil {
		t.Fatal(err)
	}
	defer list.Close()
	told := make(map[string]string)
	for lines := bufio.NewScanner(list); lines.Scan(); {
		sum, name, _ := strings.Cut(lines.Text(), "  ")
		told[name] = sum
	}
	for _, pattern := range []string{"static/lib/*", "testdata/axe/*"} {
		names, err := filepath.Glob(filepath.Join("console", filepath.FromSlash(pattern)))
		if err != nil || len(names) == 0 {
			t.Fatal(names, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256(data)
			key := strings.TrimPrefix(filepath.ToSlash(name), "console/")
			if told[key] != hex.EncodeToString(sum[:]) {
				t.Errorf("%s is not what console/static/lib.sha256 says", name)
			}
			delete(told, key)
		}
	}
	for name := range told {
		t.Errorf("%s is missing", name)
	}
}

// licences are the licences that modules of the program may have, by words that only their texts have.
var licences = map[string]*regexp.Regexp{
	"MIT":        regexp.MustCompile(`(?s)Permission is hereby granted, free of charge.*THE SOFTWARE IS PROVIDED`),
	"BSD":        regexp.MustCompile(`(?s)Redistribution and use in source and binary forms.*DISCLAIMED`),
	"Apache-2.0": regexp.MustCompile(`(?s)Apache License\s+Version 2\.0`),
	"ISC":        regexp.MustCompile(`Permission to use, copy, modify, and(/or)? distribute this software`),
	"MPL-2.0":    regexp.MustCompile(`Mozilla Public License,? [Vv]ersion 2\.0`),
}

// TestLicences looks at the licence of every module that is compiled into the program.
func TestLicences(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}} {{.Dir}}{{end}}{{end}}", "./cmd/noren").Output()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for line := range strings.SplitSeq(strings.TrimSpace(string(out)), "\n") {
		module, dir, found := strings.Cut(line, " ")
		if !found || seen[module] {
			continue
		}
		seen[module] = true
		if name := licenceIn(dir); name == "" {
			t.Errorf("%s has none of the licences that are allowed", module)
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d modules were looked at", len(seen))
	}
}

// licenceIn names the licence of the module in a folder.
func licenceIn(dir string) string {
	for _, pattern := range []string{"LICENSE*", "LICENCE*", "COPYING*", "License*"} {
		names, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, name := range names {
			text, err := os.ReadFile(name)
			if err != nil {
				continue
			}
			for licence, words := range licences {
				if words.Match(text) {
					return licence
				}
			}
		}
	}
	return ""
}

// secretForms are the forms of credentials that must never be committed.
var secretForms = regexp.MustCompile(`-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{100,}|\bAKIA[0-9A-Z]{16}\b|\bghp_[A-Za-z0-9]{36}\b|` +
	`\bxox[abp]-[0-9A-Za-z-]{20,}|\bshpss_[0-9a-f]{32}\b|\bsk_live_[0-9A-Za-z]{20,}`)

// TestNoSecrets scans every file of the repository.
func TestNoSecrets(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "git", "ls-files", "-z").Output()
	if err != nil {
		t.Skip("not a git checkout: ", err)
	}
	for name := range strings.SplitSeq(strings.Trim(string(out), "\x00"), "\x00") {
		data, err := os.ReadFile(name)
		if err == nil && secretForms.Match(data) {
			t.Errorf("%s has what looks like a secret: %.30q", name, secretForms.Find(data))
		}
	}
}
