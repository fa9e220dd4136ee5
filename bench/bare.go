package main

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

// bareCommand makes this program the bare server, in a process of its own as Noren is.
const bareCommand = "bare-server"

// serveBare answers every request with nothing behind it: it reads the body and writes as many bytes as the query
// asks for. What it costs is what net/http and the network between two processes cost. With an engine and a URL as
// arguments it first does the reads of GET /members/{id} by hand. It says where it listens on its first line of output,
// and ends with its standard input.
func serveBare(ctx context.Context, args []string, in io.Reader, out io.Writer) error {
	handler := http.Handler(http.HandlerFunc(answerBare))
	if len(args) == 2 {
		reads, err := newMemberReads(ctx, placeOf(args[0]), args[1], bareConnections)
		if err != nil {
			return err
		}
		defer reads.db.Close()
		handler = reads.handler()
	}
	listener, err := listen(ctx)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	if _, err := fmt.Fprintf(out, "http://%s\n", listener.Addr()); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, in)
		_ = server.Close() // the process ends anyway
	}()
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func answerBare(w http.ResponseWriter, r *http.Request) {
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

// startBare starts the bare server, with the arguments of serveBare, and answers its URL. stop ends it.
func startBare(ctx context.Context, args ...string) (base string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, append([]string{bareCommand}, args...)...)
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
		_ = in.Close() // which is what it waits for
		_ = cmd.Wait() // however it ended, it has been measured
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("starting the bare server: %w", err)
	}
	return strings.TrimSpace(string(line[:n])), stop, nil
}
