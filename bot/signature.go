package bot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// window is how far a request's timestamp may lie from now, in either direction (Slack's docs: "Verifying
// requests from Slack").
const window = 5 * time.Minute

// signature is what a request's headers say about who signed it.
type signature struct {
	stamp string
	sum   []byte
}

// signatureOf reads the headers; false if no body could fit them. It is asked before the body is read.
func signatureOf(header http.Header, now time.Time) (signature, bool) {
	stamp := header.Get("X-Slack-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || len(stamp) > 12 { // twelve digits are the year 33658; more only risk an overflow
		return signature{}, false
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > window {
		return signature{}, false
	}
	digits, ok := strings.CutPrefix(header.Get("X-Slack-Signature"), "v0=")
	sum, err := hex.DecodeString(digits)
	return signature{stamp, sum}, ok && err == nil && len(sum) == sha256.Size
}

// by tells whether one of secrets signed body.
//
// This is not slack.SecretsVerifier: that one knows a single secret, and a rotation needs two at once; its
// errors say what was wrong, and nobody who cannot sign should learn that. The comparison is hmac.Equal for
// every secret, and none is skipped once another has matched.
func (s signature) by(secrets []func() string, body []byte) bool {
	good := false
	for _, secret := range secrets {
		key := secret()
		if key == "" { // a key that everybody knows
			continue
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte("v0:" + s.stamp + ":"))
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), s.sum) {
			good = true
		}
	}
	return good
}
