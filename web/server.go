package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// Limits of one connection. A slow client has a minute for its body and no more.
const (
	readHeaderWithin = 10 * time.Second
	readWithin       = 60 * time.Second
	writeWithin      = 90 * time.Second // from the end of the header: reading the body and responding together
	idleFor          = 2 * time.Minute
	maxHeader        = 64 << 10 // bytes
)

// ServerConfig is what Serve needs besides a handler.
type ServerConfig struct {
	CertFile, KeyFile string        // both empty: plain HTTP
	Grace             time.Duration // how long running requests may continue after ctx ends
	Log               *slog.Logger
}

// Serve serves connections until ctx ends. Then it accepts no new ones, lets running requests finish within the grace
// time, and returns nil. It always closes the listener.
func Serve(ctx context.Context, l net.Listener, h http.Handler, c ServerConfig) error {
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: readHeaderWithin, ReadTimeout: readWithin, WriteTimeout: writeWithin,
		IdleTimeout: idleFor, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelWarn),
	}
	ended := make(chan error, 1)
	go func() {
		if c.CertFile != "" || c.KeyFile != "" {
			ended <- server.ServeTLS(l, c.CertFile, c.KeyFile)
		} else {
			ended <- server.Serve(l)
		}
	}()
	select {
	case err := <-ended:
		return fmt.Errorf("serving %s: %w", l.Addr(), err)
	case <-ctx.Done():
	}
	// ctx has ended, but the requests still need their time.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.Grace)
	defer cancel()
	// It closes the listener at once, and so lets a new server take the address.
	err := server.Shutdown(grace)
	if errors.Is(err, context.DeadlineExceeded) {
		c.Log.Warn("requests still running after the grace time are aborted")
		err = server.Close()
	}
	if err != nil {
		return fmt.Errorf("stopping the server: %w", err)
	}
	return nil
}
