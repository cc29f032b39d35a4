package app

import (
	"flag"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	Prepare()
	flag.Parse()
	if err := flag.Set("test.parallel", "8"); err != nil { // what plays on a stage waits more than it computes
		panic(err)
	}
	goleak.VerifyTestMain(m)
}
