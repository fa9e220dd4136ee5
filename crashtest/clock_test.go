//go:build linux

package crashtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// The two lines of Go's package time that clockedBinary changes: what Now reads, and what it makes of it.
const (
	nowReads  = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	nowReads2 = nowReads + "\tsec += step.Load()\n"
)

// stepFile is a further file of package time. It reads from the file that NOREN_STORM_CLOCK names by how many seconds the
// wall clock is off, at the start and then every 20 ms. The monotonic clock stays as it is, like that of a machine whose
// wall clock is set.
const stepFile = `package time

import (
	"sync/atomic"
	"syscall"
)

var step atomic.Int64

func init() {
	name, _ := syscall.Getenv("NOREN_STORM_CLOCK")
	if readStep(name) {
		go func() {
			for readStep(name) {
				Sleep(20 * Millisecond)
			}
		}()
	}
}

func readStep(name string) bool {
	fd, err := open(name)
	if err != nil {
		return false
	}
	defer closefd(fd)
	text := make([]byte, 32)
	n, err := read(fd, text)
	var seconds, sign int64 = 0, 1
	for _, c := range text[:max(n, 0)] {
		if c == '-' {
			sign = -1
		} else {
			seconds = seconds*10 + int64(c-'0')
		}
	}
	if n > 0 {
		step.Store(sign * seconds)
	}
	return err == nil
}
`

// clocked is the binary of clockedBinary.
var clocked = struct {
	once sync.Once
	path string
	err  error
}{}

// clockedBinary builds the server with a package time whose wall clock can be set from outside. The program itself has no
// such way, and shares the machine's clock with everything else that runs there.
func clockedBinary(t *testing.T) string {
	t.Helper()
	plain := binary(t)
	clocked.once.Do(func() { clocked.path, clocked.err = buildClocked(filepath.Dir(plain)) })
	if clocked.err != nil {
		t.Fatalf("building noren with a clock that can be set: %v", clocked.err)
	}
	return clocked.path
}

func buildClocked(dir string) (string, error) {
	source := filepath.Join(runtime.GOROOT(), "src", "time") //nolint:staticcheck // the Go that runs this test builds the program
	text, err := os.ReadFile(filepath.Join(source, "time.go"))
	if err != nil {
		return "", err
	}
	if strings.Count(string(text), nowReads) != 1 {
		return "", os.ErrInvalid
	}
	replaced := make(map[string]string)
	for name, content := range map[string]string{
		"time.go": strings.Replace(string(text), nowReads, nowReads2, 1), "step.go": stepFile,
	} {
		replaced[filepath.Join(source, name)] = filepath.Join(dir, name)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			return "", err
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "noren-clocked")
	return path, command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", path, "noren/cmd/noren")
}
