package main

import (
	"context"
	"testing"
)

// BenchmarkDecode measures JSON alone.
func BenchmarkDecode(b *testing.B) {
	for _, body := range bodies() {
		d, err := newDecoder(body.rows, body.every)
		if err != nil {
			b.Fatal(err)
		}
		for _, way := range []struct {
			name string
			do   func(context.Context) error
		}{{"floor", d.floor}, {"noren", d.noren}} {
			b.Run(body.name+"/"+way.name, func(b *testing.B) {
				b.SetBytes(int64(len(d.request.Body)))
				for b.Loop() {
					if err := way.do(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
