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

// keystoreHook is an endpoint that edits the keystores of a platform's clusters for anyone who signs with the key.
type keystoreHook struct {
	p   *Platform
	key string
}

func (k keystoreHook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil || !k.signed(r.Header, body) {
		http.Error(w, `{"error":"the signature is wrong, or the call is old"}`, http.StatusUnauthorized)
		return
	}
	status, answer := k.edit(body)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(answer)
}

// oldest is how old a call may be.
const oldest = 5 * time.Minute

func (k keystoreHook) signed(h http.Header, body []byte) bool {
	at := h.Get("X-RCB-Timestamp")
	seconds, err := strconv.ParseInt(at, 10, 64)
	if err != nil || math.Abs(k.p.opt.Now().Sub(time.Unix(seconds, 0)).Minutes()) > oldest.Minutes() {
		return false
	}
	mac := hmac.New(sha256.New, []byte(k.key))
	_, _ = mac.Write([]byte(at + "." + string(body)))
	return hmac.Equal([]byte(h.Get("X-RCB-Signature")), []byte("sha256="+hex.EncodeToString(mac.Sum(nil))))
}

func (k keystoreHook) edit(body []byte) (status int, answer any) {
	var in struct{ Operation, Platform, Cluster, Entry, Value string }
	if err := json.Unmarshal(body, &in); err != nil || in.Platform != k.p.name {
		return http.StatusBadRequest, map[string]any{"error": "the request can't be read, or is for another platform"}
	}
	d := k.p.Deployment(in.Cluster)
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
