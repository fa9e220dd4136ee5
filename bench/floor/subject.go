package floor

import (
	"context"
	"errors"
	"fmt"

	"noren"
	"noren/app"
	"noren/app/bulk"
	"noren/bench/seed"
	"noren/dialect/smaregi"
	"noren/sqlstore"
)

// Subject is Noren as it is measured without HTTP: the use cases over an engine, as the server has them.
type Subject struct {
	Engine  *sqlstore.DB
	Service *app.App
	Caller  noren.Caller
}

func OpenSubject(ctx context.Context, url string) (*Subject, error) {
	engine, err := sqlstore.Open(ctx, sqlstore.Config{URL: url})
	if err != nil {
		return nil, err
	}
	caller, err := engine.CallerByKey(ctx, noren.Smaregi, seed.ClientKey)
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	// The same as in the rows that the floor writes, so that both write as many bytes.
	caller.RequestID = RequestID
	s := &Subject{Engine: engine, Caller: caller}
	s.Service = s.On(engine)
	return s, nil
}

// On returns the use cases on an engine.
func (*Subject) On(engine noren.Engine) *app.App {
	return app.New(app.Config{
		Engine: engine, Encoders: map[noren.Dialect]bulk.Encoder{noren.Smaregi: smaregi.Callbacks{}},
	})
}

// Accept stores the work as a bulk request.
func (s *Subject) Accept(ctx context.Context, w *Work) error {
	_, err := s.Service.Bulk.Accept(ctx, s.Caller, w.request(), nil)
	return err
}

// Apply applies the only waiting bulk request.
func (s *Subject) Apply(ctx context.Context) error {
	done, err := s.Service.Bulk.ApplyLane(ctx, s.Caller.Tenant.ID)
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
