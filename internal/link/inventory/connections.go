package inventory

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"golang.org/x/sync/semaphore"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/link"
)

// Connections reads how the remote connections of all local clusters stand. It is safe for concurrent use.
type Connections struct {
	catalog *Catalog
	Records *records
	o       ConnectionsOptions
	locals  *cache[[]elastic.Deployment]
	infos   *cache[map[string]elastic.RemoteInfo]
	rooms   map[string]*room // by platform
}

// room is how many clusters of a platform are asked at the same time.
type room struct {
	*semaphore.Weighted
	size    int
	reading atomic.Int64 // clusters that are asked, or wait to be
}

// full reports whether clusters wait to be asked: a sweep is under way.
func (r *room) full() bool { return r.reading.Load() > int64(r.size) }

// ConnectionsOptions say how connections are read. Zero values take the defaults named.
type ConnectionsOptions struct {
	Now      func() time.Time
	Parallel int           // clusters of a platform asked at the same time: 48
	TTL      time.Duration // how long an answer counts as fresh: 10 s
	Timeout  time.Duration // of one cluster's answer: 5 s
}

const (
	defaultParallel = 48
	defaultFresh    = 10 * time.Second
	defaultAnswer   = 5 * time.Second

	answersKept = 24 * time.Hour // an answer is shown, with its age, for as long as there is none newer
	infosKept   = 10_000         // clusters whose answer is kept
	patience    = time.Second    // with a newer answer, where an older one is known
)

// NewConnections returns a reader over the platforms of catalog.
func NewConnections(catalog *Catalog, registry Registry, o ConnectionsOptions) *Connections {
	o.Parallel = cmp.Or(o.Parallel, defaultParallel)
	o.TTL = cmp.Or(o.TTL, defaultFresh)
	o.Timeout = cmp.Or(o.Timeout, defaultAnswer)
	r := &Connections{
		catalog: catalog, Records: newRecords(registry), o: o,
		locals: newCache[[]elastic.Deployment](o.Now, 3*o.TTL, answersKept, o.Timeout, infosKept),
		infos:  newCache[map[string]elastic.RemoteInfo](o.Now, o.TTL, answersKept, o.Timeout+time.Minute, infosKept), // waiting for room counts too
		rooms:  map[string]*room{},
	}
	for _, s := range catalog.systems {
		r.rooms[s.Name] = &room{Weighted: semaphore.NewWeighted(int64(o.Parallel)), size: o.Parallel}
	}
	return r
}

// Catalog is where the deployments of the connections are found.
func (c *Connections) Catalog() *Catalog { return c.catalog }

// Connection is a remote connection of a local cluster, as _remote/info tells it.
type Connection struct {
	Local   elastic.Deployment
	Alias   string
	Info    elastic.RemoteInfo
	Unread  bool                    // remembered as managed, and the local cluster gave no answer: Info is what was approved
	Gone    bool                    // remembered as managed, but the local cluster knows no such alias
	Remote  *elastic.Deployment     // where the address belongs to a deployment that the bot can see
	Managed *link.ManagedConnection // nil: made by hand, or not known

	ManagedUnread bool // it is not known whether the bot manages it
}

// Name names the connection.
func (c Connection) Name() link.Name { return link.Name{Local: c.Local.Ref, Alias: c.Alias} }

// The security models of a connection.
const (
	ByKey         = "API key"
	ByCertificate = "certificate"
)

// Model is the security model: the presence of credentials decides it (Elastic's docs: remote cluster security).
func (c Connection) Model() string {
	if c.Info.Credentials != "" || c.Unread && c.Managed.KeyName != "" {
		return ByKey
	}
	return ByCertificate
}

// Listing is what could be read.
type Listing struct {
	Connections []Connection
	Asked       int       // local clusters that were to be asked
	Missing     []Missed  // those that gave no answer, or none in time
	Down        []Down    // platforms whose deployments could not be listed
	Old         int       // local clusters whose answer is not new: a newer one is being read
	AsOf        time.Time // when the oldest of those was read
	Unmanaged   error     // why it is not known which connections are managed
}

// Missed is a local cluster that gave no answer.
type Missed struct {
	Local elastic.Deployment
	Why   string // plain words, without its name
}

// List reads the connections of all local clusters whose platform, name and id contain the words of text; empty text
// means all.
// Of a cluster that has not answered soon it tells what was read last. One that never has when ctx ends is named as
// missing, and goes on being read for the next call. It never fails.
func (c *Connections) List(ctx context.Context, text string) Listing {
	var l Listing
	managed, err := c.Records.all(ctx)
	l.Unmanaged = err
	locals, down := Locals(ctx, c)
	l.Down = down
	elsewhere, missed := elsewhere(ctx, c, managed, text)
	locals, l.Missing = append(slices.Clip(locals), elsewhere...), missed
	locals = slices.DeleteFunc(locals, func(d elastic.Deployment) bool { return !about(d, text) })
	l.Asked = len(locals) + len(missed)

	answers := make([]map[string]elastic.RemoteInfo, len(locals))
	errs, ats := make([]error, len(locals)), make([]time.Time, len(locals))
	changes := changesByLocal(managed)
	var wg sync.WaitGroup
	for i, d := range locals {
		wg.Go(func() { answers[i], ats[i], errs[i] = c.info(ctx, d, changes[d.Ref]) })
	}
	wg.Wait()
	l.age(ats, errs, c.o.Now().Add(-c.o.TTL))
	byLocal := managedByLocal(managed)
	for i, d := range locals {
		if errs[i] != nil {
			l.Missing = append(l.Missing, Missed{Local: d, Why: strings.Replace(link.Sentence(errs[i]), " of "+d.Name+" ", " ", 1)})
		}
		l.Connections = append(l.Connections, c.join(d, answers[i], errs[i] == nil, byLocal[d.Ref])...)
	}
	l.addUnlisted(managed, text)
	for i := range l.Connections {
		l.Connections[i].ManagedUnread = l.Unmanaged != nil
	}
	c.findRemotes(ctx, l.Connections)
	slices.SortStableFunc(l.Connections, func(a, b Connection) int {
		return cmp.Or(cmp.Compare(a.Local.Name, b.Local.Name), cmp.Compare(a.Name().String(), b.Name().String()))
	})
	return l
}

// age notes how old what is listed is.
func (l *Listing) age(ats []time.Time, errs []error, fresh time.Time) {
	for i, at := range ats {
		if errs[i] != nil || !at.Before(fresh) {
			continue
		}
		l.Old++
		if l.AsOf.IsZero() || at.Before(l.AsOf) {
			l.AsOf = at
		}
	}
}

// about reports whether a deployment's platform, id and name contain every word of text, in any order.
func about(d elastic.Deployment, text string) bool {
	in := strings.ToLower(d.String() + " " + d.Name)
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return r == '/' || unicode.IsSpace(r) })
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(in, w) })
}

// addUnlisted adds the managed connections of local clusters that are not known because their platform gave no answer, if
// text is about them.
func (l *Listing) addUnlisted(managed map[link.Name]link.ManagedConnection, text string) {
	for name, m := range managed {
		d := elastic.Deployment{Ref: name.Local, Name: cmp.Or(m.LocalName, name.Local.Deployment)}
		known := slices.ContainsFunc(l.Connections, func(c Connection) bool { return c.Name() == name })
		lost := slices.ContainsFunc(l.Down, func(p Down) bool { return p.System == name.Local.Platform }) ||
			slices.ContainsFunc(l.Missing, func(m Missed) bool { return m.Local.Ref == name.Local })
		if !known && lost && about(d, text) {
			l.Connections = append(l.Connections, unread(d, m))
		}
	}
}

// unread is a managed connection of a cluster that gave no answer.
func unread(d elastic.Deployment, m link.ManagedConnection) Connection {
	info := elastic.RemoteInfo{ProxyAddress: m.Settings["proxy_address"], ServerName: m.Settings["server_name"]}
	return Connection{Local: d, Alias: m.Alias, Unread: true, Info: info, Managed: &m}
}

// join puts what a cluster says beside what is remembered. Where the cluster could not be asked, nothing is gone.
func (c *Connections) join(d elastic.Deployment, info map[string]elastic.RemoteInfo, read bool, managed map[link.Name]link.ManagedConnection) []Connection {
	var all []Connection
	for alias, i := range info {
		one := Connection{Local: d, Alias: alias, Info: i}
		if m, ok := managed[one.Name()]; ok {
			one.Managed = &m
		}
		all = append(all, one)
	}
	for name, m := range managed {
		_, known := info[name.Alias]
		switch {
		case known:
		case read:
			all = append(all, Connection{Local: d, Alias: name.Alias, Gone: true, Managed: &m})
		default:
			all = append(all, unread(d, m))
		}
	}
	return all
}

// changesByLocal tells the states of each cluster apart, as far as the bot made them: an answer from before a change of
// ours is not taken for one from after it, whichever replica made the change.
func changesByLocal(managed map[link.Name]link.ManagedConnection) map[elastic.Ref]string {
	requests := map[elastic.Ref][]string{}
	for name, m := range managed {
		requests[name.Local] = append(requests[name.Local], m.Record.Request)
	}
	all := make(map[elastic.Ref]string, len(requests))
	for local, some := range requests {
		slices.Sort(some)
		all[local] = strings.Join(some, " ")
	}
	return all
}

func managedByLocal(managed map[link.Name]link.ManagedConnection) map[elastic.Ref]map[link.Name]link.ManagedConnection {
	all := map[elastic.Ref]map[link.Name]link.ManagedConnection{}
	for name, m := range managed {
		if all[name.Local] == nil {
			all[name.Local] = map[link.Name]link.ManagedConnection{}
		}
		all[name.Local][name] = m
	}
	return all
}

// info asks one cluster, as soon as there is room. While a sweep of its platform is under way, nothing that is known is
// asked again.
func (c *Connections) info(ctx context.Context, d elastic.Deployment, changes string) (map[string]elastic.RemoteInfo, time.Time, error) {
	wait := patience
	if c.rooms[d.Platform].full() {
		wait = 0
	}
	return c.infos.latest(ctx, d.String()+" "+changes, wait, func(ctx context.Context) (map[string]elastic.RemoteInfo, error) {
		return c.ask(ctx, d)
	})
}

// ask asks one cluster now.
func (c *Connections) ask(ctx context.Context, d elastic.Deployment) (map[string]elastic.RemoteInfo, error) {
	room := c.rooms[d.Platform]
	room.reading.Add(1)
	defer room.reading.Add(-1)
	if err := room.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer room.Release(1)
	ctx, cancel := context.WithTimeout(ctx, c.o.Timeout)
	defer cancel()
	es, err := c.reach(ctx, d)
	if err != nil {
		return nil, err
	}
	return es.RemoteInfo(ctx)
}

// reach returns Elasticsearch of a deployment that a search found; a search may not tell its address.
func (c *Connections) reach(ctx context.Context, d elastic.Deployment) (elastic.Cluster, error) {
	sys, ok := c.catalog.System(d.Platform)
	if !ok {
		return nil, &link.UnknownSystemError{Name: d.Platform}
	}
	if d.RefID != "" { // as a rule that is enough: a platform's own proxy needs no address
		if es, err := sys.Cluster(d); err == nil || d.ServiceURL != "" {
			return es, err
		}
	}
	full, err := c.catalog.Deployment(ctx, d.Ref)
	if err != nil {
		return nil, err
	}
	return sys.Cluster(full)
}

// findRemotes says which deployments the addresses belong to, as far as that is known by now.
func (c *Connections) findRemotes(ctx context.Context, all []Connection) {
	for i := range all {
		if host, ok := hostOf(all[i].Info); ok {
			all[i].Remote = c.at(ctx, host)
		}
	}
}

func hostOf(i elastic.RemoteInfo) (string, bool) {
	if i.ServerName != "" {
		return i.ServerName, true
	}
	host, _, ok := strings.Cut(i.ProxyAddress, ":")
	return host, ok && host != ""
}

// at returns the remote deployment with that endpoint; nil if none is known.
func (c *Connections) at(ctx context.Context, host string) *elastic.Deployment {
	return deploymentAt(ctx, c.catalog, host, func(s link.System) bool { return s.Kind != elastic.KindECE })
}

// ManagedAt returns those of the names that are managed.
func (c *Connections) ManagedAt(ctx context.Context, names ...link.Name) (map[link.Name]link.ManagedConnection, error) {
	return c.Records.at(ctx, names...)
}

// ManagedBy returns connections that user asked for, adopted or changed last, at most limit.
func (c *Connections) ManagedBy(ctx context.Context, user string, limit int) (map[link.Name]link.ManagedConnection, error) {
	return managedBy(ctx, c.Records.Registry, facetUser+user, limit)
}

// CountManaged counts the managed connections.
func (c *Connections) CountManaged(ctx context.Context) (int, error) {
	return c.Records.Registry.CountRecords(ctx)
}

// Wait returns when nothing is being read any more. Nobody may ask meanwhile: it is for shutting down.
func (c *Connections) Wait() {
	c.locals.wait()
	c.infos.wait()
}
