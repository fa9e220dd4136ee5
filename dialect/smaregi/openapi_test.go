package smaregi

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

// The example of the seed page follows the published schema.
func TestSeedExampleFollowsTheSchema(t *testing.T) {
	t.Parallel()
	doc := loadDocument(t)
	r := request{Method: "PATCH", Path: "/customers/bulk", Body: seedCustomerExample("ア")}
	dialecttest.Follows(t, doc.Components.Schemas["CustomersBulk"].Value, r, r.Body)
}
