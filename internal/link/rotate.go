package link

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic"

// KeyLine describes the active keys of a connection in a line; empty where none is known.
func (e ConnectionState) KeyLine() string {
	if len(e.Keys) == 0 {
		return ""
	}
	k := e.Keys[0]
	s := k.Name + " (" + k.ID + ")"
	if !k.Expires.IsZero() {
		s += ", expires on " + k.Expires.UTC().Format("2006-01-02")
	}
	return s
}

// AsConnect fills the settings that were approved into c.
func (m ManagedConnection) AsConnect(c ConnectParams) ConnectParams {
	c.ProxyAddress, c.ServerName = m.Settings["proxy_address"], m.Settings["server_name"]
	c.SkipUnavailable = m.Settings["skip_unavailable"] != "false"
	c.Compress, c.Scheme = m.Settings["transport.compress"], m.Settings["transport.compression_scheme"]
	c.PingSchedule = m.Settings["transport.ping_schedule"]
	c.Identity = identityOf(m.Identity, m.Settings)
	return c
}

// RotateParams are the parameters of a rotation.
type RotateParams struct {
	Local      elastic.Ref `json:"local"`
	Alias      string      `json:"alias"`
	ExpiryDays int         `json:"expiry_days"` // of the new key; 0: never
}
