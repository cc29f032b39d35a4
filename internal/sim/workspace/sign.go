package workspace

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
)

// Sign is Slack's v0 signature: HMAC-SHA256 over "v0:<timestamp>:<raw body>" (Slack's docs, "verifying requests
// from Slack").
func Sign(secret, timestamp, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = io.WriteString(mac, "v0:"+timestamp+":"+body) // a hash never fails
	return "v0=" + hex.EncodeToString(mac.Sum(nil))
}
