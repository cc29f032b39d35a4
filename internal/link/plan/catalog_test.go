package plan_test

import (
	"context"
	"errors"
	"flag"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/inventory"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link/linktest"
)

// TestMain lets chance try 25 times where nobody says how often (-rapid.checks): each try builds a world anew.
func TestMain(m *testing.M) {
	if err := flag.Set("rapid.checks", "25"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m) // which reads the command line, after this
}

func names(f inventory.Found) []string {
	var all []string
	for _, d := range f.Deployments {
		all = append(all, d.String()+" "+d.Name)
	}
	return all
}

func TestFindPutsTheBestMatchFirst(t *testing.T) {
	w := linktest.NewWorld()
	ece, ech := w.AddECE("ece"), w.AddECH("ech")
	ech.AddDeployment("4", "old-logs", "8.15.0")
	ech.AddDeployment("logs", "other", "8.15.0")
	ece.AddDeployment("3", "logs-eu", "8.15.0")
	ech.AddDeployment("2", "Logs", "8.15.0")
	ece.AddDeployment("1", "logs-eu", "8.15.0")
	ece.AddDeployment("5", "metrics", "8.15.0")
	catalog := inventory.NewCatalog(w.Systems(), inventory.CatalogOptions{Now: w.Now})
	want := []string{"ech/2 Logs", "ech/logs other", "ece/1 logs-eu [1]", "ece/3 logs-eu [3]", "ech/4 old-logs"}
	for range 5 {
		found := catalog.Find(t.Context(), " LOGS ", 0)
		if diff := cmp.Diff(want, names(found)); diff != "" || len(found.Down) > 0 {
			t.Fatalf("down %v, (-want +got):\n%s", found.Down, diff)
		}
	}
	if got := names(catalog.Find(t.Context(), "LOGS", 2)); len(got) != 2 || got[0] != want[0] {
		t.Errorf("the first two are %v", got)
	}
	if n := w.Count("Search"); n != 4 {
		t.Errorf("%d searches, want one a platform, and one for the names that are the same", n)
	}
	if got := catalog.Find(t.Context(), "", 0); len(got.Deployments) != 6 {
		t.Errorf("no text finds %v", names(got))
	}
}

func TestAPlatformThatIsDownIsNamedWhileOthersAnswer(t *testing.T) {
	s := newScene()
	s.w.Fail(linktest.Fault{Call: "Search", On: "cloud"})
	found := s.catalog.Find(t.Context(), "", 0)
	if diff := cmp.Diff([]string{"ece-prod/d-local search-onprem"}, names(found)); diff != "" {
		t.Error(diff)
	}
	if len(found.Down) != 1 || found.Down[0].System != "cloud" || found.Down[0].Why == "" {
		t.Errorf("down: %v", found.Down)
	}
	s.w.Heal()
	if found := s.catalog.Find(t.Context(), "", 0); len(found.Down) > 0 || len(found.Deployments) != 2 {
		t.Errorf("it is still down: %v", found)
	}
}

func TestAPlatformThatHangsKeepsNobodyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		s.w.Fail(linktest.Fault{Call: "Search", On: "cloud", Hang: true})
		begun := time.Now()
		found := s.catalog.Find(t.Context(), "", 0)
		if waited := time.Since(begun); waited != 2*time.Second {
			t.Errorf("waited %v", waited)
		}
		if len(found.Deployments) != 1 || len(found.Down) != 1 {
			t.Errorf("found %v", found)
		}
		// Who has less time gets what there is within it.
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if found := s.catalog.Find(ctx, "", 0); len(found.Deployments) != 1 || len(found.Down) != 1 {
			t.Errorf("found %v", found)
		}
		s.catalog.Wait()
	})
}

func TestWhoAsksForTheSameSharesOneCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		s.w.Fail(linktest.Fault{Call: "Search", Hang: true, Times: 2})
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() { s.catalog.Find(t.Context(), "logs", 0) })
		}
		wg.Wait()
		if n := s.w.Count("Search"); n != 2 {
			t.Errorf("%d searches, want one a platform", n)
		}
	})
}

func TestAnOldAnswerIsGivenAtOnceAndRenewed(t *testing.T) {
	s := newScene()
	s.catalog.Find(t.Context(), "", 0)
	s.ech.AddDeployment("new", "new", "8.15.0")
	s.w.Advance(31 * time.Second)
	if found := s.catalog.Find(t.Context(), "", 0); len(found.Deployments) != 2 {
		t.Errorf("it waited for a new answer: %v", names(found))
	}
	s.catalog.Wait()
	if found := s.catalog.Find(t.Context(), "", 0); len(found.Deployments) != 3 {
		t.Errorf("it was not renewed: %v", names(found))
	}

	s.w.Advance(31 * time.Second)
	s.w.Fail(linktest.Fault{Call: "Search"})
	s.catalog.Find(t.Context(), "", 0)
	s.catalog.Wait()
	found := s.catalog.Find(t.Context(), "", 0)
	if len(found.Deployments) != 3 || len(found.Down) != 2 {
		t.Errorf("old answers should come with the reason why they are old: %v", found)
	}
	s.catalog.Wait()

	s.w.Advance(time.Hour)
	if found := s.catalog.Find(t.Context(), "", 0); len(found.Deployments) != 0 || len(found.Down) != 2 {
		t.Errorf("an answer an hour old is none: %v", found)
	}
}

func TestWhoLeavesEarlyLeavesTheAnswerToTheNext(t *testing.T) {
	s := newScene()
	gone, leave := context.WithCancel(t.Context())
	leave()
	s.catalog.Find(gone, "logs", 0)
	s.catalog.Wait()
	if found := s.catalog.Find(t.Context(), "logs", 0); len(found.Deployments) != 1 || s.w.Count("Search") != 3 { // and for names that are the same
		t.Errorf("%d searches, found %v", s.w.Count("Search"), found)
	}
}

func TestOneDeploymentIsRememberedForSeconds(t *testing.T) {
	s := newScene()
	for range 3 {
		if d, err := s.catalog.Deployment(t.Context(), s.remote.Ref()); err != nil || d.Name != "logs" {
			t.Fatal(d, err)
		}
	}
	if n := s.w.Count("Deployment"); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	s.w.Advance(6 * time.Second)
	_, _ = s.catalog.Deployment(t.Context(), s.remote.Ref())
	_, _ = s.catalog.Fresh(t.Context(), s.remote.Ref())
	if n := s.w.Count("Deployment"); n != 3 {
		t.Errorf("%d calls, want 3", n)
	}
	_, err := s.catalog.Fresh(t.Context(), elastic.Ref{Platform: "x", Deployment: "y"})
	if _, ok := errors.AsType[*link.UnknownSystemError](err); !ok {
		t.Errorf("got %v", err)
	}
	if _, err := s.catalog.Fresh(t.Context(), elastic.Ref{Platform: "cloud", Deployment: "y"}); !elastic.IsNotFound(err) {
		t.Errorf("got %v", err)
	}
}

func TestSystems(t *testing.T) {
	s := newScene()
	if sys, ok := s.catalog.System("cloud"); !ok || sys.Kind != elastic.KindECH {
		t.Error(sys, ok)
	}
	if _, ok := s.catalog.System("x"); ok {
		t.Error("there is no x")
	}
	if all := s.catalog.Systems(); len(all) != 2 || all[0].Name != "ece-prod" {
		t.Error(all)
	}
}

// typing finds what somebody sees while they type word, and how long the letters took.
func (s *scene) typing(t *testing.T, word string) (found []inventory.Found, took []time.Duration) {
	t.Helper()
	for n := range len(word) {
		begun := time.Now()
		found = append(found, s.catalog.Find(t.Context(), word[:n+1], 0))
		took = append(took, time.Since(begun))
	}
	return found, took
}

func TestTypingWaitsOnceForAPlatformThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		s.w.Fail(linktest.Fault{Call: "Search", On: "cloud", Hang: true})
		found, took := s.typing(t, "search")
		for i, f := range found {
			if len(f.Deployments) != 1 || len(f.Down) != 1 || f.Down[0].System != "cloud" || f.Down[0].Why == "" {
				t.Errorf("letter %d: found %v", i, f)
			}
			if i > 0 && took[i] != 0 {
				t.Errorf("letter %d took %v", i, took[i])
			}
		}
		if n := s.w.Count("Search"); n != 3 {
			t.Errorf("%d searches, want one a platform, and one for the names that are the same", n)
		}

		s.w.Advance(9 * time.Second) // it is asked again, and hardly waited for
		begun := time.Now()
		if f := s.catalog.Find(t.Context(), "logs", 0); len(f.Down) != 1 || time.Since(begun) > 300*time.Millisecond {
			t.Errorf("after %v found %v", time.Since(begun), f)
		}
		s.catalog.Wait()

		s.w.Heal()
		s.w.Advance(9 * time.Second)
		if f := s.catalog.Find(t.Context(), "logs", 0); len(f.Deployments) != 1 || len(f.Down) != 0 {
			t.Errorf("it answers again, and found is %v", f)
		}
		s.catalog.Wait()
	})
}

func TestWhatWasFoundStaysWhileAPlatformHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScene()
		s.catalog.Find(t.Context(), "", 0)
		s.w.Advance(time.Minute)
		s.w.Fail(linktest.Fault{Call: "Search", On: "cloud", Hang: true})
		s.catalog.Find(t.Context(), "l", 0)
		begun := time.Now()
		f := s.catalog.Find(t.Context(), "lo", 0)
		if len(f.Deployments) == 0 || f.Deployments[0].Name != "logs" || len(f.Down) != 1 || time.Since(begun) != 0 {
			t.Errorf("after %v found %v", time.Since(begun), f)
		}
		s.catalog.Wait()
	})
}

func TestALongerTextIsAnsweredFromAShorterOne(t *testing.T) {
	s := newScene()
	s.ech.AddDeployment("x", "Logs-archive", "8.15.0")
	s.catalog.Find(t.Context(), "lo", 0)
	asked := s.w.Count("Search")
	if got := names(s.catalog.Find(t.Context(), "LOGS-A", 0)); len(got) != 1 || got[0] != "cloud/x Logs-archive" {
		t.Errorf("found %v", got)
	}
	if n := s.w.Count("Search") - asked; n != 1 { // the other platform, where there was none: it may be new
		t.Errorf("%d searches, want 1", n)
	}
	s.ech.AddDeployment("y", "lost", "8.15.0")
	if got := names(s.catalog.Find(t.Context(), "lost", 0)); len(got) != 1 {
		t.Errorf("a new one is not found: %v", got)
	}

	// What was cut at the limit tells nothing of a longer text.
	full := inventory.NewCatalog(s.w.Systems(), inventory.CatalogOptions{Now: s.w.Now, Limit: 1})
	full.Find(t.Context(), "lo", 0)
	asked = s.w.Count("Search")
	if got := names(full.Find(t.Context(), "logs-archive", 0)); len(got) != 1 || s.w.Count("Search")-asked != 2 {
		t.Errorf("found %v with %d searches", got, s.w.Count("Search")-asked)
	}
}
