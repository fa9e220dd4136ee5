package noren

import "context"

// Origin says where a request came from. It goes with the request's context, so that whatever the request changes is recorded
// with it, also before the caller is known.
type Origin struct {
	Address         string // network address of the client
	RequestID       string // ours
	ClientRequestID string // the client's own; "": it sent none
}

// originKey is the key of the Origin in a context.
type originKey struct{}

// WithOrigin returns a context that carries the origin.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// OriginOf returns the origin that the context carries; the zero Origin for work that no request has caused.
func OriginOf(ctx context.Context) Origin {
	o, _ := ctx.Value(originKey{}).(Origin)
	return o
}
