package linktest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

var _ elastic.Trusts = (*Platform)(nil)

// plans are how the trust of a deployment is changed: by a plan that takes as many looks as were ordered.
type plans struct {
	trust   elastic.TrustSettings
	next    *elastic.TrustSettings // what the pending plan brings about
	looks   int                    // that the pending plan still takes
	number  int                    // of the latest plan
	trouble string                 // of the latest plan
	takes   int                    // looks that every plan takes
	fails   string                 // why the next plan will fail
	shows   bool                   // the platform shows a trust even if its plan failed
	late    int                    // looks at the next plan that show what it will bring about, and nothing of it yet
	uids    int
	hides   bool // the accounts are not shown
	hidden  bool // restarts make no plan that anybody could see
}

// PlansTake makes every plan of the deployment take that many looks.
func (d *Deployment) PlansTake(looks int) { d.locked(func() { d.plans.takes = looks }) }

// FailNextPlan makes the next plan of the deployment fail.
func (d *Deployment) FailNextPlan(why string) { d.locked(func() { d.plans.fails = why }) }

// HideAccounts keeps the platform from showing whom of its own the deployment trusts.
func (d *Deployment) HideAccounts(hide bool) { d.locked(func() { d.plans.hides = hide }) }

// HideRestarts makes the platform carry restarts out without a plan that anybody could see.
func (d *Deployment) HideRestarts() { d.locked(func() { d.plans.hidden = true }) }

// FailNextPlanButShow is FailNextPlan of a platform that shows the trust all the same.
func (d *Deployment) FailNextPlanButShow(why string) {
	d.locked(func() { d.plans.fails, d.plans.shows = why, true })
}

// ShowNextPlanLate makes the platform show the next plan only after that many looks, and what it brings about at once.
func (d *Deployment) ShowNextPlanLate(looks int) { d.locked(func() { d.plans.late = looks }) }

// TrustNow returns whom the deployment trusts, as its platform shows it.
func (d *Deployment) TrustNow() elastic.TrustSettings {
	var t elastic.TrustSettings
	d.locked(func() { t = d.plans.trust })
	return t
}

// TrustAlso makes the deployment trust somebody behind the bot's back.
func (d *Deployment) TrustAlso(entry string) {
	d.locked(func() {
		d.plans.trust.Direct = append(d.plans.trust.Direct, json.RawMessage(entry))
		d.plans.number++
	})
}

// SetTrustEntry changes the direct entry with that number behind the bot's back; an empty one removes it.
func (d *Deployment) SetTrustEntry(i int, entry string) {
	d.locked(func() {
		d.plans.number++
		if entry == "" {
			d.plans.trust.Direct = slices.Delete(slices.Clone(d.plans.trust.Direct), i, i+1)
			return
		}
		d.plans.trust.Direct[i] = json.RawMessage(entry)
	})
}

// Scope is the id of the ECE or organization, as certificates carry it.
func (p *Platform) Scope() string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, p.name) + "1"
}

// CA is the certificate, in PEM, of who signs the platform's nodes in a region.
func (p *Platform) CA(region string) string { return authority(p.name + " " + region) }

var (
	authorities = map[string]string{}
	making      sync.Mutex
)

func authority(name string) string { return Authority(name, time.Unix(1<<32, 0)) }

// SignedBy changes the authorities that the platform tells of: those in use and those that are coming.
func (p *Platform) SignedBy(pems ...string) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.signers = pems
}

// SuggestCA changes the authority that the platform tells of beside its id.
func (p *Platform) SuggestCA(pem string) {
	p.w.mu.Lock()
	defer p.w.mu.Unlock()
	p.suggested = []string{pem}
}

// Authority makes a certificate authority that ends at a time, in PEM; the same name gets the same one.
func Authority(name string, until time.Time) string {
	making.Lock()
	defer making.Unlock()
	if text, ok := authorities[name]; ok {
		return text
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(int64(len(authorities) + 1)), Subject: pkix.Name{CommonName: name}, IsCA: true,
		NotBefore: time.Unix(0, 0), NotAfter: until,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		panic(err)
	}
	text := strings.TrimSpace(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	authorities[name] = text
	return text
}

// settle carries the pending plan out once its looks are used up. The caller holds the lock.
func (s *plans) settle() {
	if s.next == nil {
		return
	}
	if s.late > 0 {
		s.late--
		s.trust = *s.next
		return
	}
	if s.looks > 0 {
		s.looks--
		return
	}
	s.number++
	s.trouble = s.fails
	if s.fails == "" || s.shows {
		s.trust = *s.next
	}
	s.next, s.fails, s.shows = nil, "", false
}

// Trust reads whom a deployment trusts.
func (p *Platform) Trust(ctx context.Context, of elastic.Deployment) (elastic.Trusted, error) {
	var t elastic.Trusted
	err := p.at(ctx, of.Deployment, "Trust", func(d *Deployment) error {
		unseen := d.plans.late > 0
		d.plans.settle()
		t = elastic.Trusted{
			Settings: d.plans.trust, Plan: json.RawMessage(`{"cluster_topology":[{"unknown_to_the_bot":1}]}`),
			Version: fmt.Sprint(d.plans.number), Pending: d.plans.next != nil && !unseen,
			Last: elastic.Attempt{ID: fmt.Sprintf("plan-%d", d.plans.number), Healthy: d.plans.trouble == "", Trouble: d.plans.trouble},
		}
		t.Settings.Direct = slices.Clone(t.Settings.Direct)
		if d.plans.hides {
			t.Settings.Accounts = nil
		}
		return nil
	})
	return answer(t, err)
}

// SetTrust begins a plan. It gives new entries a uid, as the platforms do, and knows no other.
func (p *Platform) SetTrust(ctx context.Context, of elastic.Deployment, was elastic.Trusted, to elastic.TrustSettings) error {
	return p.at(ctx, of.Deployment, "SetTrust", func(d *Deployment) error {
		if err := to.Writable(of); err != nil {
			return err
		}
		if was.Version != fmt.Sprint(d.plans.number) || d.plans.next != nil {
			return &elastic.CallError{System: p.name, Call: "PUT /deployments/" + of.Deployment, Status: 409, Code: "conflict", Reason: "it has changed"}
		}
		to.Direct = slices.Clone(to.Direct)
		for i, raw := range to.Direct {
			var entry map[string]any
			if err := json.Unmarshal(raw, &entry); err != nil {
				return err
			}
			if uid, given := entry["uid"].(string); given && !slices.ContainsFunc(d.plans.trust.Direct, func(raw json.RawMessage) bool {
				var known struct{ UID string }
				return json.Unmarshal(raw, &known) == nil && known.UID == uid
			}) {
				return &elastic.CallError{System: p.name, Call: "SetTrust", Status: 400, Code: "trust.unknown_uid", Reason: "there is no trust with that uid"}
			}
			if entry["uid"] == nil {
				d.plans.uids++
				entry["uid"] = fmt.Sprintf("uid-%d", d.plans.uids)
			}
			to.Direct[i], _ = json.Marshal(entry)
		}
		d.plans.next, d.plans.looks = &to, d.plans.takes
		return nil
	})
}

// Authorities returns the certificate of the deployment's region and one that is coming.
func (p *Platform) Authorities(ctx context.Context, of elastic.Deployment) ([]string, error) {
	var pems []string
	err := p.at(ctx, of.Deployment, "Authorities", func(d *Deployment) error {
		pems = []string{p.CA(d.about.Region), p.CA(d.about.Region + " next")}
		if len(p.signers) > 0 {
			pems = p.signers
		}
		return nil
	})
	return answer(pems, err)
}

// Environment returns the platform's Scope; that of an organization is certain.
func (p *Platform) Environment(ctx context.Context, _ elastic.Deployment) (elastic.Environment, error) {
	e := elastic.Environment{ID: p.Scope(), Source: p.name, Certain: p.kind == elastic.KindECH, CA: p.suggested}
	err := p.w.Do(ctx, p.name, "Environment", func() error { return nil })
	return answer(e, err)
}

// trusts reports whether d's transport port talks to the nodes of other.
func (d *Deployment) trusts(other *Deployment) bool {
	return slices.ContainsFunc(d.plans.trust.Direct, func(raw json.RawMessage) bool {
		var e elastic.TrustEntry
		if json.Unmarshal(raw, &e) != nil || e.ScopeID != other.on.Scope() || !e.All && !slices.Contains(e.Clusters, other.about.ClusterID) {
			return false
		}
		return slices.ContainsFunc(e.Certificates, func(c elastic.TrustCertificate) bool { return c.PEM == other.on.CA(other.about.Region) })
	})
}

// Restart restarts a deployment: its nodes read the keystore anew.
func (p *Platform) Restart(ctx context.Context, of elastic.Deployment) error {
	return p.at(ctx, of.Deployment, "Restart", func(d *Deployment) error {
		if d.plans.next != nil {
			return &elastic.CallError{System: p.name, Call: "Restart", Status: 422, Code: "plan_change_error", Reason: "a plan is pending"}
		}
		if same := d.plans.trust; !d.plans.hidden {
			d.plans.next, d.plans.looks = &same, d.plans.takes
		}
		d.loaded = maps.Clone(d.keystore)
		d.restarts++
		return nil
	})
}

// Restarts returns how often the deployment was restarted.
func (d *Deployment) Restarts() int {
	n := 0
	d.locked(func() { n = d.restarts })
	return n
}

// LatestPlan tells of the latest plan.
func (p *Platform) LatestPlan(ctx context.Context, of elastic.Deployment) (last elastic.Attempt, pending bool, err error) {
	now, err := p.Trust(ctx, of)
	return now.Last, now.Pending, err
}
