package bot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
)

const carriedTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// TestAModalCarriesWhatItWasGiven: through Slack, and past the handler, which finds its own metadata and nothing else.
func TestAModalCarriesWhatItWasGiven(t *testing.T) {
	for name, c := range map[string]struct{ carry, metadata, carried, sent string }{
		"nothing":        {"", `{"a":1}`, "", `{"a":1}`},
		"a trace":        {carriedTrace, `{"a":1}`, carriedTrace, "carried=" + carriedTrace + `;{"a":1}`},
		"beside nothing": {carriedTrace, "", carriedTrace, "carried=" + carriedTrace + ";"},
		"no room":        {carriedTrace, strings.Repeat("x", maxMetadata-10), "", strings.Repeat("x", maxMetadata-10)},
		"too long":       {strings.Repeat("x", 101), "m", "", "m"},
		"a semicolon":    {"a;b", "m", "", "m"},
	} {
		m, a, _ := newMessenger(t, nil)
		m.o.Carry = func(context.Context) string { return c.carry }
		v := modal(section("x"))
		v.PrivateMetadata = c.metadata
		if _, err := m.OpenView(t.Context(), "t1", v); err != nil {
			t.Fatal(err)
		}
		if _, err := m.UpdateView(t.Context(), "V1", "", v); err != nil {
			t.Fatal(err)
		}
		for _, call := range a.calls {
			view, _ := call.json["view"].(map[string]any)
			sent, _ := view["private_metadata"].(string)
			if sent != c.sent {
				t.Errorf("%s: %s sent %q", name, call.method, sent)
			}
			back := (&viewPayload{PrivateMetadata: sent}).view()
			if back.Carried != c.carried || back.Metadata != c.metadata {
				t.Errorf("%s: it came back as %q and %q", name, back.Carried, back.Metadata)
			}
		}
	}
}

func TestWhatOthersWroteIsNotTakenApart(t *testing.T) {
	for _, text := range []string{"carried=", "carried=" + strings.Repeat("x", 200) + ";{}", "x carried=a;b"} {
		if carried, rest := unload(text); carried != "" || rest != text {
			t.Errorf("%q became %q and %q", text, carried, rest)
		}
	}
}

// traces are what a Trace hook heard.
type traces struct {
	mu   sync.Mutex
	seen []string
}

type traceKey struct{}

func (h *traces) trace(ctx context.Context, what, carried string) (context.Context, func(error)) {
	return context.WithValue(ctx, traceKey{}, what), func(err error) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.seen = append(h.seen, fmt.Sprintf("%s %s %v", what, carried, err))
	}
}

func TestATraceCoversTheHandlerAndWhatIsLeftToDo(t *testing.T) {
	var heard traces
	rg := newRig(t, Options{Trace: heard.trace})
	inside := make(chan any, 3)
	rg.OnCommand("/rc", func(ctx context.Context, _ Command) (Answer, error) {
		inside <- ctx.Value(traceKey{})
		return Answer{Then: func(ctx context.Context) error {
			inside <- ctx.Value(traceKey{})
			return errors.New("left undone")
		}}, nil
	})
	rg.OnSubmit("connect", func(context.Context, Submission) (Answer, error) { return Answer{}, nil }, nil)
	rg.OnAction("approve", func(context.Context, Action) (Answer, error) { panic("a bug") })
	rg.command(t, "", "t0")
	rg.interact(t, instead(t, submit, `"private_metadata": ""`, `"private_metadata": "carried=`+carriedTrace+`;{}"`))
	rg.interact(t, press)
	rg.command(t, "", "t0") // delivered again
	rg.stop(t)
	if a, b := <-inside, <-inside; a != "command /rc" || b != "command /rc" {
		t.Errorf("the handler ran in %v, what it left in %v", a, b)
	}
	if len(heard.seen) != 3 {
		t.Fatalf("heard %q", heard.seen)
	}
	all := strings.Join(heard.seen, "\n")
	for _, want := range []string{"command /rc  left undone", "submission connect " + carriedTrace + " <nil>", "action approve  " + ErrPanic.Error()} {
		if !strings.Contains(all, want) {
			t.Errorf("%q was not heard: %s", want, all)
		}
	}
}
