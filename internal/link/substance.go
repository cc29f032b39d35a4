package link

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
)

// Substance is a digest of what people approve of a connection: everything but the name, the id and the dates of its key.
// settings are those of the alias, and traits what the policy judges the change by. Empty where the bot can't make a key
// without people, or where there is none that ends.
func (c ConnectParams) Substance(s PairState, settings map[string]string, traits map[string][]string) string {
	if c.ByCertificate() || c.ExpiryDays == 0 || s.KeystoreByHand() || s.WantsPasted() {
		return ""
	}
	lasting := maps.Clone(traits)
	delete(lasting, "kind") // a connect and a rotation differ in what is done,
	delete(lasting, "also") // and in what is done beside it
	delete(lasting, traitUntil)
	raw, err := json.Marshal(map[string]any{
		"local": c.Local, "remote": c.Remote, "alias": c.Alias, "settings": settings, "access": c.Access, "days": c.ExpiryDays,
		"identity": c.IdentityPattern(), "until": c.Until, "traits": lasting,
	})
	if err != nil { // entries of its access that are no JSON: nobody can say whether they stay the same
		return ""
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:])
}
