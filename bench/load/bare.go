package load

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// BareCommand makes this program the bare server, in a process of its own as Noren is.
const BareCommand = "bare-server"

// ServeBare serves requests with nothing behind them: AnswerBare reads the body and writes as many bytes as the query asks
// for. So it costs what net/http and the network between two processes cost; another handler may do some work first. The
// first line of output is the address that it listens on. It ends when its standard input does.
func ServeBare(ctx context.Context, handler http.Handler, in io.Reader, out io.Writer) error {
	listener, err := listen(ctx)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	if _, err := fmt.Fprintf(out, "http://%s\n", listener.Addr()); err != nil {
		return err
	}
	go func() {
		// Standard input ends with the process that started this one, however that ends.
		_, _ = io.Copy(io.Discard, in)
		_ = server.Close() // the process ends anyway
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// AnswerBare reads the body of a request and writes as many bytes as its query asks for.
func AnswerBare(w http.ResponseWriter, r *http.Request) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return
	}
	n, err := strconv.Atoi(r.URL.Query().Get("bytes"))
	if err != nil || n < 0 {
		http.Error(w, "bytes has to be a number", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if r.Method == http.MethodPatch {
		w.WriteHeader(http.StatusAccepted)
	}
	_, _ = w.Write(bytes.Repeat([]byte{'x'}, n))
}

// StartBare starts the bare server as a process of this program with these arguments, and returns its URL. stop ends it.
func StartBare(ctx context.Context, args ...string) (base string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{BareCommand}, args...)...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = in.Close() // the process waits for this
		_ = cmd.Wait() // the measurement is over, however it ended
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("starting the bare server: %w", err)
	}
	return strings.TrimSpace(string(line[:n])), stop, nil
}
