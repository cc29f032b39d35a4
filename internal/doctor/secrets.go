package doctor

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"unicode/utf8"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/config"
	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"
)

// minSecret is how many characters a password of people's own making should have at least.
const minSecret = 16

// redisAccess sees from the configuration who else could read or write Redis: anyone who writes it can approve requests.
func redisAccess(a *area, r config.Redis) {
	if !r.Password.Given() {
		a.warn("access", "requirepass, or an ACL user of the bot's own, in redis.conf; then redis.password",
			"Redis requires no password: anyone who reaches it can approve requests")
		return
	}
	for _, address := range r.Addresses {
		if r.TLS == nil && !local(address) {
			a.warn("encryption", "tls-port in redis.conf, then redis.tls", "the Redis password is sent unencrypted to %s", address)
			break
		}
	}
	short(a, "redis.password", r.Password)
	short(a, "redis.sentinel_password", r.SentinelPassword)
}

func credentialSecrets(a *area, p config.Platform) {
	for i, c := range p.Credentials {
		if p.Kind != elastic.KindSelfManaged && strings.Trim(c.Deployment, "*?") == "" {
			a.warn("credentials", "name ids, or patterns over ids: the platform's console shows them",
				"credentials[%d] match every deployment: anyone who can create a deployment on this platform gets them", i)
		}
		short(a, fmt.Sprintf("credentials[%d].password", i), c.Password)
	}
}

func short(a *area, name string, ref config.SecretRef) {
	if n := utf8.RuneCountInString(ref.Secret().Reveal()); ref.Given() && n < minSecret {
		a.warn("secret", "create a new one: openssl rand -base64 24", "%s has only %d characters: it can be guessed", name, n)
	}
}

// local reports whether what is sent to address, host:port, does not leave this host.
func local(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
