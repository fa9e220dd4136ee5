package main

import "testing"

func TestParseSize(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{
		"0": 0, "1": 1, "512MB": 512 << 20, "512 mb": 512 << 20, "2GB": 2 << 30, "2g": 2 << 30, "2GiB": 2 << 30, "1.5kB": 1536,
		"1TB": 1 << 40, "  16384 kB\n": 16 << 20,
	} {
		if got, ok := parseSize(text); !ok || got != want {
			t.Errorf("%q is %d, %t; want %d", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "MB", "-1MB", "max", "1e3", "NaN", "Inf", "1XB", "1MBMB", "12 34", "9999999999TB"} {
		if got, ok := parseSize(text); ok {
			t.Errorf("%q is taken for %d", text, got)
		}
	}
}

func TestSearchMemory(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"0": -1, "0MB": -1, "64MB": 64 << 20} {
		if got, err := (searchFlag{text}).bytes(); err != nil || got != want {
			t.Errorf("%q is %d, error %v; want %d", text, got, err, want)
		}
	}
	if got, err := (searchFlag{}).bytes(); err != nil || got != machineMemory()/shareOfMemory || got < 0 {
		t.Errorf("without a setting it is %d, error %v", got, err)
	}
}
