package doctor

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
)

// The mistakes that the doctor finds are seeded in cmd/remote-cluster-bot, against the stand-ins.

func TestAReportIsHealthyUnlessSomethingIsBad(t *testing.T) {
	t.Parallel()
	r := Report{Findings: []Finding{{Level: OK}, {Level: Warning}, {Level: Unknown}}}
	if !r.Healthy() {
		t.Error("warnings and what can't be seen are no illness")
	}
	r.Findings = append(r.Findings, Finding{Level: Bad})
	if r.Healthy() {
		t.Error("a bad finding was passed over")
	}
}

func TestAConfigurationsProblemsAreFindings(t *testing.T) {
	t.Parallel()
	r := Refused(&config.Error{File: "c.yaml", Problems: []config.Problem{{Line: 3, Path: "slack.mode", Say: "must be one of http, socket"}}})
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	want := "configuration\n  ✗ slack.mode     must be one of http, socket\n                   → see line 3 of c.yaml\n0 ok, 0 warning(s), 1 bad, 0 unknown\n"
	if out.String() != want {
		t.Errorf("got:\n%s", &out)
	}
	if r := Refused(errors.New("no such file")); r.Healthy() || !strings.Contains(r.Findings[0].Say, "no such file") {
		t.Errorf("got %+v", r)
	}
}
