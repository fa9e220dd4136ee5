package main

import (
	"encoding/json"
	"errors"
	"io"
	"runtime/debug"
)

// printSBOM prints what the program is made of, as CycloneDX 1.5. It is read from the program itself, so it is true for the
// very file that runs.
func printSBOM(w io.Writer) error {
	type component struct {
		Type    string `json:"type"`
		Name    string `json:"name"`
		Version string `json:"version"`
		PURL    string `json:"purl"`
	}
	of := func(kind, path, version string) component {
		return component{kind, path, version, "pkg:golang/" + path + "@" + version}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("the program was built without module information")
	}
	parts := []component{{"library", "std", info.GoVersion, "pkg:golang/std@" + info.GoVersion}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		parts = append(parts, of("library", m.Path, m.Version))
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(map[string]any{
		"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
		"metadata":   map[string]any{"component": of("application", "noren", buildVersion())},
		"components": parts,
	})
}
