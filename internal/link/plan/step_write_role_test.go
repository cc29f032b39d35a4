package plan_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/steps"
)

const (
	newRole = `{"description":"Searches remote clusters connected by remote-cluster-bot.","metadata":{"managed_by":"remote-cluster-bot"},` +
		`"remote_cluster":[{"clusters":["logs"],"privileges":["monitor_enrich"]}],` +
		`"remote_indices":[{"clusters":["logs"],"names":["logs-*"],"privileges":["read","read_cross_cluster","view_index_metadata"]}]}`
	// oldRole is one that the bot made for another alias, with something that the bot knows nothing of.
	oldRole = `{"cluster":["monitor"],"global":{"novel":{"x":[]}},"metadata":{"managed_by":"remote-cluster-bot"},` +
		`"remote_indices":[{"clusters":["other"],"names":["x"],"privileges":["read"]}]}`
)

func roleScene(t *testing.T, edit func(*scene)) *scene {
	t.Helper()
	s := newScene()
	s.c.Role = &link.RoleOptions{Name: "remote-readers"}
	if edit != nil {
		edit(s)
	}
	s.approve(t)
	return s
}

func (s *scene) role(t *testing.T, want string) {
	t.Helper()
	got := s.local.RoleNow("remote-readers")
	if (got == "") != (want == "") {
		t.Fatalf("the role is %q, want %q", got, want)
	}
	if want == "" {
		return
	}
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil {
		t.Fatalf("the role is %q", got)
	}
	if diff := cmp.Diff(b, a); diff != "" {
		t.Errorf("the role (-want +got):\n%s", diff)
	}
}

func TestARoleIsMadeAndTakenAway(t *testing.T) {
	s := roleScene(t, nil)
	for _, c := range s.approved.Step(steps.StepWriteRole).Calls {
		if c.Method+" "+c.Path != "PUT /_security/role/remote-readers" || c.Body != newRole {
			t.Errorf("the plan says %s %s %s", c.Method, c.Path, c.Body)
		}
	}
	s.applyAll(t, steps.StepWriteRole, steps.StepWriteRole)
	s.role(t, newRole)
	if n := s.w.Count("PutRole"); n != 1 {
		t.Errorf("%d writes, want 1", n)
	}
	for range 2 {
		if err := s.undo(t.Context(), steps.StepWriteRole); err != nil {
			t.Fatal(err)
		}
	}
	s.role(t, "")
}

func TestARoleOfTheBotIsExtendedAndPutBack(t *testing.T) {
	s := roleScene(t, func(s *scene) {
		s.local.SetRole("remote-readers", oldRole)
		s.c.Access.Replication = []string{"follow-*"}
	})
	s.applyAll(t, steps.StepWriteRole)
	s.role(t, `{"cluster":["monitor","manage_ccr"],"global":{"novel":{"x":[]}},"metadata":{"managed_by":"remote-cluster-bot"},"indices":[],"applications":[],"run_as":[],
		"remote_cluster":[{"clusters":["logs"],"privileges":["monitor_enrich"]}],
		"remote_indices":[{"clusters":["other"],"names":["x"],"privileges":["read"]},
			{"clusters":["logs"],"names":["logs-*"],"privileges":["read","read_cross_cluster","view_index_metadata"]},
			{"clusters":["logs"],"names":["follow-*"],"privileges":["cross_cluster_replication"]}]}`)
	if err := s.undo(t.Context(), steps.StepWriteRole); err != nil {
		t.Fatal(err)
	}
	s.role(t, `{"cluster":["monitor"],"global":{"novel":{"x":[]}},"metadata":{"managed_by":"remote-cluster-bot"},"indices":[],"applications":[],"run_as":[],
		"remote_indices":[{"clusters":["other"],"names":["x"],"privileges":["read"]}]}`)
}

func TestAForeignRoleIsNeverWritten(t *testing.T) {
	s := roleScene(t, nil)
	s.local.SetRole("remote-readers", `{"cluster":["all"]}`)
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldRole), "not created by the bot")
	err = s.apply(t.Context(), steps.StepWriteRole) // it came after the approval
	if err == nil || change.IsTemporary(err) {
		t.Fatalf("got %v, want a final error", err)
	}
	if err := s.undo(t.Context(), steps.StepWriteRole); err != nil {
		t.Fatal(err)
	}
	s.role(t, `{"cluster":["all"]}`)
}

func TestARoleThatChangedSinceStays(t *testing.T) {
	s := roleScene(t, nil)
	s.local.SetRole("remote-readers", oldRole)
	err := s.apply(t.Context(), steps.StepWriteRole)
	contains(t, said(err), "has changed since this was approved")
	s.role(t, oldRole)

	s = roleScene(t, nil)
	s.applyAll(t, steps.StepWriteRole)
	s.local.SetRole("remote-readers", oldRole)
	left := leftover(t, s.undo(t.Context(), steps.StepWriteRole))
	contains(t, left.What, "remote-readers", "ece-prod/d-local")
	contains(t, left.Command, "DELETE /_security/role/remote-readers")
	s.role(t, oldRole)
}

func TestARoleThatNeverBeganIsNotTouched(t *testing.T) {
	s := roleScene(t, nil)
	before := len(s.w.Calls())
	if err := s.undo(t.Context(), steps.StepWriteRole); err != nil || len(s.w.Calls()) != before {
		t.Errorf("got %v after %d calls", err, len(s.w.Calls())-before)
	}
}

func TestRolesAreForKeysAlone(t *testing.T) {
	s := certScene(t)
	s.c.Role = &link.RoleOptions{Name: "x"}
	_, err := s.plan(t)
	contains(t, problem(t, err, link.FieldRole), "no effect")
}

func TestRoleHealsAndUndoesAfterAnyFault(t *testing.T) {
	faults := map[string]linktest.Fault{
		"unavailable":           {},
		"answer lost, not done": {Err: linktest.NoAnswer("x", "y")},
		"answer lost, but done": {Err: linktest.NoAnswer("x", "y"), After: true},
		"the read back":         {Skip: 1},
	}
	for _, call := range []string{"Deployment", "Role", "PutRole", "Note"} {
		for name, f := range faults {
			f.Call, f.Times = call, 1
			t.Run(call+" "+name, func(t *testing.T) {
				s := roleScene(t, nil)
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepWriteRole)
				s.w.Heal()
				s.applyAll(t, steps.StepWriteRole)
				s.role(t, newRole)
				if err := s.undo(t.Context(), steps.StepWriteRole); err != nil {
					t.Fatal(err)
				}
				s.role(t, "")
			})
			t.Run("undo after half "+call+" "+name, func(t *testing.T) {
				s := roleScene(t, nil)
				s.w.Fail(f)
				_ = s.apply(t.Context(), steps.StepWriteRole)
				s.w.Heal()
				if err := s.undo(t.Context(), steps.StepWriteRole); err != nil {
					t.Fatal(err)
				}
				s.role(t, "")
			})
		}
	}
}
