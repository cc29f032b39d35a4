package changetest

import (
	"fmt"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/change"
)

func testLists(s suite) {
	base := s.Now()
	for n := range 6 {
		r := s.pending(numbered(n))
		r.Created = base.Add(time.Duration(n) * time.Second)
		r.Deadline = base.Add(time.Duration(10-n) * time.Hour) // the youngest expires first
		if n%2 == 1 {
			r.Requester.User = "UCAROL"
		}
		s.create(r)
	}
	s.move("r005", change.Approve) // waits for no approval
	s.move("r004", change.Reject)

	check := func(what string, want []string, got []*change.Request, err error) {
		s.Helper()
		if err != nil {
			s.Fatalf("%s: %v", what, err)
		}
		if diff := cmp.Diff(want, names(got), same); diff != "" {
			s.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	ctx := s.Context()
	got, err := s.Store.Mine(ctx, "UCAROL", 10)
	check("Carol's", []string{"r005", "r003", "r001"}, got, err)
	got, err = s.Store.Mine(ctx, "UALICE", 2)
	check("Alice's last two", []string{"r004", "r002"}, got, err)
	got, err = s.Store.Mine(ctx, "UNOBODY", 2)
	check("nobody's", nil, got, err)
	got, err = s.Store.Recent(ctx, 3)
	check("the last three", []string{"r005", "r004", "r003"}, got, err)
	got, err = s.Store.Recent(ctx, 0)
	check("none", nil, got, err)
	got, err = s.Store.PendingRequests(ctx, 10)
	check("pending", []string{"r003", "r002", "r001", "r000"}, got, err)
	got, err = s.Store.PendingRequests(ctx, 1)
	check("the most pressing", []string{"r003"}, got, err)
}

func testAudit(s suite) {
	r := s.pending("a")
	s.create(r)
	s.move("a", change.Approve)
	c := s.claim("w1").Claim
	if err := s.Store.Record(s.Context(), c, line("one", 0, change.StepBegun), entry("step:one:begun", s.Now())); err != nil {
		s.Fatal(err)
	}
	if err := s.Store.Release(s.Context(), c); err != nil {
		s.Fatal(err)
	}
	c = s.claim("w2").Claim
	s.advance(c, change.Fail)
	s.advance(c, change.Undone)

	var got []string
	for _, l := range s.audit() {
		e := l.Entry
		if e.Request != "a" || e.Target != r.Proposal.Subject() {
			s.Errorf("entry %s is of request %q, target %q", e.What, e.Request, e.Target)
		}
		got = append(got, fmt.Sprintf("%d %s %s>%s %s%s", e.Version, e.What, e.From, e.To, e.By.User, e.Worker))
	}
	want := []string{
		"1 create >pending UBOB",
		"2 approve pending>approved UBOB",
		"3 start approved>applying w1",
		"4 step:one:begun applying>applying UBOBw1",
		"5 claim applying>applying w2",
		"6 fail applying>undoing UBOBw2",
		"7 undone undoing>rolled_back UBOBw2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		s.Errorf("audit (-want +got):\n%s", diff)
	}
	s.verified(7)
}

func testAuditPages(s suite) {
	s.verified(0)
	for n := range 7 {
		s.ask(numbered(n))
	}
	all := s.audit()
	var paged []change.AuditLine
	for from := ""; ; {
		page, err := s.Store.Audit(s.Context(), from, 3)
		if err != nil {
			s.Fatal(err)
		}
		if len(page) == 0 {
			break
		}
		if len(page) > 3 {
			s.Fatalf("a page of %d", len(page))
		}
		paged = append(paged, page...)
		from = page[len(page)-1].ID
	}
	if diff := cmp.Diff(all, paged); diff != "" || len(all) != 7 {
		s.Errorf("%d lines, in pages (-all +paged):\n%s", len(all), diff)
	}
	s.verified(7)
}
