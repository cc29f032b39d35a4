package bot

import (
	"container/list"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// firstChunk is what a body gets at first, in bytes: most of Slack's fit, and a declared length is only a claim.
	firstChunk = 4 << 10
	// addressShare is the part of the budget that one address may use, where it is known whose addresses are real.
	addressShare = 8
)

// errEvicted is the error of a body that made room for others.
var errEvicted = errors.New("too many bodies are being read")

// unverified reads bodies whose signature can't be checked before they are complete. It bounds how much memory they
// use together, and how long each takes. At the bound the one that has waited longest for a byte makes room: somebody
// who sends none can't keep out Slack, whose bodies come at once.
type unverified struct {
	budget  int64         // bytes
	timeout time.Duration // for one body

	mu         sync.Mutex
	used       int64
	byProgress *list.List // of *reading; the one that has waited longest first
	byAddress  map[netip.Prefix]int64
}

func newUnverified(budget int64, timeout time.Duration) *unverified {
	return &unverified{budget: budget, timeout: timeout, byProgress: list.New(), byAddress: make(map[netip.Prefix]int64)}
}

// reading is one body that is being read.
type reading struct {
	from    netip.Prefix // zero: nobody knows whose
	cost    int64        // bytes
	control *http.ResponseController
	place   *list.Element // nil: evicted or done
}

// read returns the body of req; an *http.MaxBytesError where it is longer than limit.
func (u *unverified) read(w http.ResponseWriter, req *http.Request, limit int64, from netip.Prefix) ([]byte, error) {
	body := http.MaxBytesReader(w, req.Body, limit)
	r := u.begin(w, from)
	defer u.end(r)
	read := make([]byte, 0, firstChunk)
	for {
		n, err := body.Read(read[len(read):cap(read)])
		read = read[:len(read)+n]
		switch {
		case errors.Is(err, io.EOF):
			return read, nil
		case err != nil:
			return nil, err
		case n > 0 && !u.progress(r, len(read) == cap(read), int64(cap(read))):
			return nil, errEvicted
		}
		if len(read) == cap(read) {
			read = slices.Grow(read, cap(read))
		}
	}
}

func (u *unverified) begin(w http.ResponseWriter, from netip.Prefix) *reading {
	r := &reading{from: from, control: http.NewResponseController(w)}
	_ = r.control.SetReadDeadline(time.Now().Add(u.timeout)) //nolint:forbidigo // deadlines go by the network poller's clock
	u.mu.Lock()
	defer u.mu.Unlock()
	r.place = u.byProgress.PushBack(r)
	u.charge(r, firstChunk)
	return r
}

// progress records that bytes have come, and, where it grows, that the body takes more; false if it was evicted.
func (u *unverified) progress(r *reading, grows bool, by int64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if r.place == nil {
		return false
	}
	u.byProgress.MoveToBack(r.place)
	if grows {
		u.charge(r, by)
	}
	return true
}

// charge counts bytes for r, and evicts others while there are too many.
func (u *unverified) charge(r *reading, bytes int64) {
	r.cost += bytes
	u.used += bytes
	if r.from.IsValid() {
		u.byAddress[r.from] += bytes
	}
	for at := u.byProgress.Front(); at != nil && u.over(r.from); {
		other, _ := at.Value.(*reading)
		at = at.Next()
		if other != r && (u.used > u.budget || other.from == r.from) {
			u.remove(other)
			_ = other.control.SetReadDeadline(time.Unix(1, 0)) // its read fails now
		}
	}
}

func (u *unverified) over(from netip.Prefix) bool {
	return u.used > u.budget || u.byAddress[from] > u.budget/addressShare
}

func (u *unverified) end(r *reading) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if r.place != nil {
		u.remove(r)
		_ = r.control.SetReadDeadline(time.Time{})
	}
}

func (u *unverified) remove(r *reading) {
	u.byProgress.Remove(r.place)
	r.place = nil
	u.used -= r.cost
	if !r.from.IsValid() {
		return
	}
	if u.byAddress[r.from] -= r.cost; u.byAddress[r.from] == 0 {
		delete(u.byAddress, r.from)
	}
}

// clientOf returns the network that a request comes from: an IPv4 address, or an IPv6 /64, which one host may have for
// itself. It is the zero prefix without proxies to trust: then behind an ingress everybody has the ingress's address.
// Otherwise it is the last address that no trusted proxy has; X-Forwarded-For is believed from trusted proxies alone.
func clientOf(req *http.Request, proxies []netip.Prefix) netip.Prefix {
	if len(proxies) == 0 {
		return netip.Prefix{}
	}
	peer, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	client := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(client) }) {
			break
		}
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		client = next.Unmap()
	}
	bits := 64
	if client.Is4() {
		bits = 32
	}
	network, err := client.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return network
}
