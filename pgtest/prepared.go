package pgtest

import (
	"crypto/rand"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Prepared returns databases that are copies of one, which is made the first time: copying one that is migrated costs a tenth of
// migrating each. fill is given the URL of the one, and closes what it has opened.
func Prepared(empty func(t testing.TB) string, fill func(url string) error) func(t testing.TB) string {
	var once sync.Mutex
	var template *url.URL
	var failed error
	return func(t testing.TB) string {
		t.Helper()
		s, err := sharedServer()
		if err != nil {
			giveUp(t, err)
		}
		once.Lock()
		defer once.Unlock()
		if template == nil && failed == nil {
			// It stays where prepare ends the goroutine, by Fatal or Skip: the tests behind it have to know.
			failed = errors.New("the test that was to make the database has ended")
			template, failed = s.prepare(t, empty, fill)
		}
		if failed != nil {
			t.Fatal(failed)
		}
		name := "noren_test_" + strings.ToLower(rand.Text())
		if err := s.exec("CREATE DATABASE " + name + " TEMPLATE " + strings.TrimPrefix(template.Path, "/")); err != nil {
			t.Fatal(err)
		}
		s.dropAfter(t, name)
		u := *template
		u.Path = "/" + name
		return u.String()
	}
}

// prepare makes the database that is copied. It is dropped with the server, or by whoever has given one.
func (s *Server) prepare(t testing.TB, empty func(t testing.TB) string, fill func(url string) error) (*url.URL, error) {
	t.Helper()
	source := empty(t) // dropped with the test
	if err := fill(source); err != nil {
		return nil, err
	}
	u, err := url.Parse(source)
	if err != nil {
		return nil, err
	}
	name := "noren_template_" + strings.ToLower(rand.Text())
	// A copy of the copy, because the first is dropped with the test that made it.
	if err := s.exec("CREATE DATABASE " + name + " TEMPLATE " + strings.TrimPrefix(u.Path, "/")); err != nil {
		return nil, err
	}
	u.Path = "/" + name
	return u, nil
}
