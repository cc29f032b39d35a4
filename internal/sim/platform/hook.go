package platform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"math"
	"net/http"
	"strconv"
	"time"
)

// KeystoreHook starts an endpoint that edits the keystores of the clusters of p for whoever signs with key, and returns
// its address. Its calls have the name "keystore hook of <platform>" in faults and in the log.
func (p *Platform) KeystoreHook(key string) (url string, err error) {
	return p.w.listen("", p.tls, p.w.wrap.Wrap("keystore hook of "+p.name, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || !p.signed(key, r.Header, body) {
			http.Error(w, `{"error":"the signature is wrong, or the call is old"}`, http.StatusUnauthorized)
			return
		}
		status, answer := p.editKeystore(body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer)
	})))
}

// oldest is how old a call may be.
const oldest = 5 * time.Minute

func (p *Platform) signed(key string, h http.Header, body []byte) bool {
	at := h.Get("X-RCB-Timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || math.Abs(p.w.opt.Now().Sub(time.Unix(seconds, 0)).Minutes()) > oldest.Minutes() {
		return false
	}
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = mac.Write([]byte(at + "." + string(body)))
	return hmac.Equal([]byte(h.Get("X-RCB-Signature")), []byte("sha256="+hex.EncodeToString(mac.Sum(nil))))
}

func (p *Platform) editKeystore(body []byte) (status int, answer any) {
	var in struct{ Operation, Platform, Cluster, Entry, Value string }
	if err := json.Unmarshal(body, &in); err != nil || in.Platform != p.name {
		return http.StatusBadRequest, map[string]any{"error": "the request can't be read, or is for another platform"}
	}
	d := p.Deployment(in.Cluster)
	if d == nil {
		return http.StatusNotFound, map[string]any{"error": "there is no cluster " + in.Cluster}
	}
	switch {
	case in.Operation == "list":
	case !secretName.MatchString(in.Entry):
		return http.StatusBadRequest, map[string]any{"error": "this is no name of an entry"}
	case in.Operation == "put" && in.Value != "":
		d.cluster.PatchKeystore(map[string]*string{in.Entry: &in.Value})
	case in.Operation == "remove":
		d.cluster.PatchKeystore(map[string]*string{in.Entry: nil})
	default:
		return http.StatusBadRequest, map[string]any{"error": "there is no such operation"}
	}
	entries := d.cluster.SecretNames()
	if entries == nil {
		entries = []string{}
	}
	return http.StatusOK, map[string]any{"entries": entries}
}
