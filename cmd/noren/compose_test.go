package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// composeFile is what the test reads of the compose file.
type composeFile struct {
	Services map[string]struct {
		Image, Build string
		Environment  map[string]string
		Ports        []string
		Volumes      []string
		HealthCheck  struct{ Test []string }
		StopGrace    string `yaml:"stop_grace_period"`
	}
	Volumes map[string]any
}

// TestContainers holds the compose file and the Dockerfile against each other and against the settings of the server, which would
// silently ignore a variable that it does not have.
func TestContainers(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		data, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	known := make(map[string]bool)
	for _, variable := range settingsOf(reflect.TypeFor[serveCmd]()) {
		known[variable] = true
	}
	if !known["NOREN_DATABASE"] || !known["NOREN_FILES"] {
		t.Fatal("the settings of the server were not found")
	}
	docker := read("Dockerfile")
	for _, name := range regexp.MustCompile(`NOREN_[A-Z_]+`).FindAllString(docker, -1) {
		if !known[name] {
			t.Errorf("the Dockerfile sets %s, which is no setting of noren serve", name)
		}
	}
	text := read("compose.yaml")
	var compose composeFile
	if err := yaml.Unmarshal([]byte(text), &compose); err != nil {
		t.Fatal(err)
	}
	server, database := compose.Services["noren"], compose.Services["database"]
	for name := range server.Environment {
		if !known[name] {
			t.Errorf("compose.yaml sets %s, which is no setting of noren serve", name)
		}
	}
	address := strings.ReplaceAll(server.Environment["NOREN_DATABASE"], "${POSTGRES_PASSWORD}", "secret")
	if err := (databaseFlag{address}).check(); err != nil {
		t.Error(err)
	}
	for _, part := range []string{
		"@database:5432/" + database.Environment["POSTGRES_DB"] + "?", "//" + database.Environment["POSTGRES_USER"] + ":",
	} {
		if !strings.Contains(address, part) {
			t.Errorf("the address %s does not have %s", address, part)
		}
	}
	port := regexp.MustCompile(`NOREN_LISTEN=:(\d+)`).FindStringSubmatch(docker)[1]
	if want := "127.0.0.1:8080:" + port; len(server.Ports) != 1 || server.Ports[0] != want {
		t.Errorf("the ports are %v, want %s", server.Ports, want)
	}
	data := regexp.MustCompile(`(?m)^VOLUME (\S+)$`).FindStringSubmatch(docker)[1]
	if !strings.HasPrefix(server.Environment["NOREN_FILES"], data+"/") || len(server.Volumes) != 1 ||
		!strings.HasSuffix(server.Volumes[0], ":"+data) {
		t.Errorf("files in %s, but volumes are %v", server.Environment["NOREN_FILES"], server.Volumes)
	}
	for _, service := range compose.Services {
		for _, volume := range service.Volumes {
			name, _, _ := strings.Cut(volume, ":")
			if _, declared := compose.Volumes[name]; !declared {
				t.Errorf("the volume %s is not declared", name)
			}
		}
	}
	images := []string{regexp.MustCompile(`(?m)^ARG GO_IMAGE=(\S+)$`).FindStringSubmatch(docker)[1]}
	for _, service := range compose.Services {
		if service.Build == "" {
			images = append(images, service.Image)
		}
	}
	for _, image := range images {
		if !regexp.MustCompile(`^[a-z]+:[0-9.]+@sha256:[0-9a-f]{64}$`).MatchString(image) {
			t.Errorf("the image %s can be moved: name its version and its digest", image)
		}
	}
	// While PostgreSQL's image makes its database it listens on a socket alone, and that server ends again.
	if check := strings.Join(database.HealthCheck.Test, " "); !strings.Contains(check, "--host=127.0.0.1") {
		t.Errorf("the database counts as healthy too soon: %s", check)
	}
	// A password that is given to one command alone is missing in the next, and compose refuses to read the file without it.
	if !strings.Contains(text, "> .env") {
		t.Error("the commands at the top do not keep the password")
	}
	for _, ignored := range []string{".gitignore", ".dockerignore"} {
		if !strings.Contains(read(ignored), ".env\n") {
			t.Errorf("%s does not have .env, which has the password", ignored)
		}
	}
	// Files that git has and the image is not built from would make the version say that it was changed.
	for line := range strings.Lines(read(".dockerignore")) {
		if name := strings.TrimSpace(line); strings.HasSuffix(name, "/") && name != "bin/" && name != "noren-files/" {
			t.Errorf(".dockerignore leaves out %s, which git has", name)
		}
	}
}
