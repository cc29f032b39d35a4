package bot

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"
)

// window is how far a request's timestamp may lie from now, in either direction (Slack's docs: "Verifying
// requests from Slack").
const window = 5 * time.Minute

// verified tells whether one of secrets signed body within the window.
//
// This is not slack.SecretsVerifier: that one knows a single secret, and a rotation needs two at once; its
// errors say what was wrong, and nobody who cannot sign should learn that. The comparison is hmac.Equal for
// every secret, and none is skipped once another has matched.
func verified(header http.Header, body []byte, secrets []func() string, now time.Time) bool {
	stamp := header.Get("X-Slack-Request-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || len(stamp) > 12 { // twelve digits are the year 33658; more only risk an overflow
		return false
	}
	if now.Sub(time.Unix(seconds, 0)).Abs() > window {
		return false
	}
	given := header.Get("X-Slack-Signature")
	if len(given) != len("v0=")+hex.EncodedLen(sha256.Size) || given[:3] != "v0=" {
		return false
	}
	sum, err := hex.DecodeString(given[3:])
	if err != nil {
		return false
	}
	good := false
	for _, secret := range secrets {
		key := secret()
		if key == "" { // a key that everybody knows
			continue
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write([]byte("v0:" + stamp + ":"))
		mac.Write(body)
		if hmac.Equal(mac.Sum(nil), sum) {
			good = true
		}
	}
	return good
}
