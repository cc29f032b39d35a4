package playground

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/fault"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/platform"
)

// trouble is a fault that the page offers. start begins it and returns what ends it; stopped is closed when it does,
// and a fault that is over by itself calls over.
type trouble struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Does  string `json:"does"` // what is really done
	Watch string `json:"watch"`
	// lasts is how long it goes on unless it is ended before; 0: it is over at once.
	lasts time.Duration
	start func(stopped <-chan struct{}, over func()) (end func(), err error)
}

// faults are the troubles and which of them are going on.
type faults struct {
	o        Options
	troubles []trouble

	mu      sync.Mutex
	on      map[string]*going
	counts  map[string]int
	closed  bool
	running sync.WaitGroup
}

type going struct {
	until time.Time
	timer *time.Timer
	stop  chan struct{}
	end   func()
}

func newFaults(o Options) *faults {
	f := &faults{o: o, on: map[string]*going{}, counts: map[string]int{}}
	whose := "Elastic Cloud"
	if o.Cast.Platform != "" {
		whose = o.Cast.Platform
	}
	f.troubles = []trouble{
		{
			ID: "kill-now", Title: "Kill the bot now",
			Does:  "SIGKILL to the bot's process: nothing is released, nobody is told. A second later another process starts.",
			Watch: "A change in the middle is taken over when its lease has run out, a few seconds later, and goes on.",
			start: f.killNow,
		},
		{
			ID: "kill-midway", Title: "Kill it in the middle of the next change", lasts: 5 * time.Minute,
			Does:  "Waits for the bot to make a key. The cluster makes it, the answer never arrives, and SIGKILL hits the bot.",
			Watch: "The worst moment: a key exists that nobody knows. The next process revokes it and makes another.",
			start: f.killMidway,
		},
		{
			ID: "redis", Title: "Redis away for 10 s", lasts: 10 * time.Second,
			Does:  "The Redis server closes its port and all connections; what it has stored stays.",
			Watch: "The bot says that it can't do anything now, and goes on by itself afterwards.",
			start: func(<-chan struct{}, func()) (func(), error) {
				o.Redis.Away()
				return func() {
					if err := o.Redis.Back(); err != nil {
						o.Log.Error("starting Redis again", "error", err)
					}
				}, nil
			},
		},
		{
			ID: "platform", Title: "ECE answers 503 for 15 s", lasts: 15 * time.Second,
			Does:  "Every call to ece-prod is answered 503 Service Unavailable.",
			Watch: "A running step tries again with growing pauses; a form says which platform does not answer.",
			start: f.refuse("ece-prod"),
		},
		{
			ID: "certificate", Title: "Wrong certificate", lasts: time.Minute,
			Does:  "The deployments of " + whose + " present a certificate for another host name, for a minute.",
			Watch: "A new connection does not come up: the bot rolls everything back and says why. A standing one is lost: searches skip it, until something opens it again, as diagnose does.",
			start: f.wrongCertificate,
		},
		{
			ID: "expired", Title: "Expired keys", lasts: time.Minute,
			Does:  "Every cross-cluster API key on " + whose + " expires at once, new ones too, for a minute. Those stay expired.",
			Watch: "A new connection is rolled back, because its key is not accepted. Searches through a standing one find nothing: its cluster is skipped, and the answer's _clusters alone says why.",
			start: f.expireKeys,
		},
	}
	if o.Cast.Platform != "" { // what is shown has no ECE
		f.troubles = slices.DeleteFunc(f.troubles, func(t trouble) bool { return t.ID == "platform" })
	}
	return f
}

// faultState is a trouble as the page shows it.
type faultState struct {
	trouble
	On    bool  `json:"on"`
	Until int64 `json:"until,omitempty"` // Unix milliseconds
	Count int   `json:"count"`           // how often it was ordered
}

// state is what the page shows: the faults, and the process of the bot.
func (f *faults) state() any {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := struct {
		Bot    BotStatus    `json:"bot"`
		Faults []faultState `json:"faults"`
	}{Bot: f.o.Bot.Status()}
	for _, t := range f.troubles {
		one := faultState{trouble: t, Count: f.counts[t.ID]}
		if g := f.on[t.ID]; g != nil {
			one.On, one.Until = true, g.until.UnixMilli()
		}
		out.Faults = append(out.Faults, one)
	}
	return out
}

// set begins a fault or ends it. One that is going on already goes on.
func (f *faults) set(id string, on bool) error {
	if !on {
		f.stop(id)
		return nil
	}
	i := slices.IndexFunc(f.troubles, func(t trouble) bool { return t.ID == id })
	if i < 0 {
		return fmt.Errorf("there is no fault %q", id)
	}
	t := f.troubles[i]
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.on[id] != nil {
		return nil
	}
	stopped := make(chan struct{})
	end, err := t.start(stopped, func() { f.stop(id) })
	if err != nil {
		return err
	}
	f.counts[id]++
	if t.lasts > 0 {
		f.on[id] = &going{
			until: f.o.Now().Add(t.lasts), stop: stopped, end: end,
			timer: time.AfterFunc(t.lasts, func() { f.stop(id) }),
		}
	}
	return nil
}

func (f *faults) stop(id string) {
	f.mu.Lock()
	g := f.on[id]
	delete(f.on, id)
	f.mu.Unlock()
	if g != nil {
		g.timer.Stop()
		close(g.stop)
		g.end()
	}
}

func (f *faults) close() {
	f.mu.Lock()
	f.closed = true
	f.mu.Unlock()
	for _, t := range f.troubles {
		f.stop(t.ID)
	}
	f.running.Wait()
}

func (f *faults) killNow(<-chan struct{}, func()) (func(), error) {
	return func() {}, f.o.Bot.Kill()
}

// refuse makes a system answer 503.
func (f *faults) refuse(system string) func(<-chan struct{}, func()) (func(), error) {
	return func(<-chan struct{}, func()) (func(), error) {
		return f.orders(fault.Order{Match: fault.Match{System: system}, Effect: fault.Effect{Status: 503}})
	}
}

func (f *faults) orders(o fault.Order) (func(), error) {
	set := f.o.Scene.World.Faults
	id, err := set.Add(o)
	if err != nil {
		return nil, err
	}
	return func() { set.Clear(id) }, nil
}

// killMidway lets the key be made, keeps the answer back, and kills the bot while it waits for it.
func (f *faults) killMidway(stopped <-chan struct{}, over func()) (func(), error) {
	set := f.o.Scene.World.Faults
	id, err := set.Add(fault.Order{
		Match:  fault.Match{Method: "POST", Path: "**/_security/cross_cluster/api_key"},
		Effect: fault.Effect{Hang: true, Worked: true}, Times: 1,
	})
	if err != nil {
		return nil, err
	}
	made := func() (n int) {
		f.onRemotes(func(d *platform.Deployment) { n += len(d.Cluster().State().Keys) })
		return n
	}
	struck := func() bool {
		return slices.ContainsFunc(set.Orders(), func(o fault.Order) bool { return o.ID == id && o.Struck > 0 })
	}
	before := made()
	f.watch(stopped, func() (done bool) {
		if !struck() || made() == before {
			return false
		}
		if err := f.o.Bot.Kill(); err != nil {
			f.o.Log.Error("killing the bot", "error", err)
		}
		over()
		return true
	})
	return func() { set.Clear(id) }, nil
}

// onRemotes runs do on every deployment that others connect to.
func (f *faults) onRemotes(do func(*platform.Deployment)) {
	on := f.o.Scene.Cloud
	if f.o.Cast.Platform != "" {
		on = f.o.Scene.World.Platform(f.o.Cast.Platform)
	}
	for _, d := range on.Deployments() {
		do(d)
	}
}

func (f *faults) wrongCertificate(<-chan struct{}, func()) (func(), error) {
	present := func(name string) func() {
		return func() { f.onRemotes(func(d *platform.Deployment) { d.Cluster().SetCertificateName(name) }) }
	}
	present("proxy.example")()
	return present(""), nil
}

func (f *faults) expireKeys(stopped <-chan struct{}, _ func()) (func(), error) {
	there := false
	if f.onRemotes(func(*platform.Deployment) { there = true }); !there {
		return nil, errors.New("there is no deployment that others connect to")
	}
	f.watch(stopped, func() bool {
		f.onRemotes(func(d *platform.Deployment) { d.Cluster().ExpireKeys(0) })
		return false
	})
	return func() {}, nil
}

const watchEvery = 20 * time.Millisecond

// watch calls look again and again until it says that it is done, or the fault is over.
func (f *faults) watch(stopped <-chan struct{}, look func() (done bool)) {
	f.running.Go(func() {
		tick := time.NewTicker(watchEvery)
		defer tick.Stop()
		for !look() {
			select {
			case <-stopped:
				return
			case <-tick.C:
			}
		}
	})
}
