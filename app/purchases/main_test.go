package purchases_test

import (
	"os"
	"testing"

	"noren/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Main(m)) }
