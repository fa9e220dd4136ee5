package easypoints

import (
	"testing"

	"noren/dialect/dialecttest"
)

func loadDocument(t *testing.T) dialecttest.Document {
	t.Helper()
	return dialecttest.LoadDocument(t, New(Rooms{}, "test"))
}

func TestDocument(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	doc.HasEveryRoute(t)
	doc.IsServed(t, setup(t).Server)
}
