package main

import (
	"context"
	"errors"
	"fmt"

	"noren"
	"noren/dialect/smaregi"
	"noren/sqlstore"
)

// subject is Noren as it is measured without HTTP: the service over an engine, as the server has them.
type subject struct {
	engine  *sqlstore.DB
	service *noren.Service
	caller  noren.Caller
}

func openSubject(ctx context.Context, url string) (*subject, error) {
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: url})
	if err != nil {
		return nil, err
	}
	caller, err := engine.CallerByKey(ctx, noren.Smaregi, clientKey)
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	caller.RequestID = requestID
	s := &subject{engine: engine, caller: caller}
	s.service = s.on(engine)
	return s, nil
}

// on is the service on an engine.
func (*subject) on(engine noren.Engine) *noren.Service {
	return noren.NewService(noren.Config{
		Engine: engine, Encoders: map[noren.Dialect]noren.CallbackEncoder{noren.Smaregi: smaregi.Callbacks{}},
	})
}

// accept stores the work as a bulk request.
func (s *subject) accept(ctx context.Context, w *work) error {
	_, err := s.service.AcceptBulk(ctx, s.caller, w.request(), nil)
	return err
}

// apply applies the one bulk request that waits.
func (s *subject) apply(ctx context.Context) error {
	done, err := s.service.ApplyLane(ctx, s.caller.Tenant.ID)
	switch {
	case err != nil:
		return err
	case len(done) != 1:
		return fmt.Errorf("%d bulk requests were applied, not the one that waits", len(done))
	case done[0].State != noren.BulkSucceeded:
		return fmt.Errorf("a bulk request ended as %s: %v", done[0].State, done[0].Failures)
	}
	return nil
}
