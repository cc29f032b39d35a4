package cloudapi

import (
	"context"
	"net/http"
)

// Organization is an organization of Elastic Cloud that the API key belongs to.
type Organization struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// Organizations reads GET /organizations. An ECE has none and answers with an error.
func (c trusts) Organizations(ctx context.Context) ([]Organization, error) {
	var list struct {
		Organizations []Organization `json:"organizations"`
	}
	if err := c.do(ctx, request{method: http.MethodGet, path: []string{"organizations"}}, &list); err != nil {
		return nil, err
	}
	return list.Organizations, nil
}

// CertificateAuthority is what another side needs to trust a deployment's certificates.
type CertificateAuthority struct {
	// RecommendedTrustRestriction is the platform's own pattern for the names in node certificates.
	RecommendedTrustRestriction string        `json:"recommended_trust_restriction"`
	Certificates                []Certificate `json:"public_certificates"`
}

// Certificate is one certificate of an authority. Those that are not active yet will be: trust all of them.
type Certificate struct {
	Active   bool   `json:"active"`
	PEM      string `json:"pem"`
	Metadata struct {
		Fingerprint string `json:"fingerprint"`
		ValidTo     string `json:"valid_to"`
	} `json:"metadata"`
}

// CertificateAuthority reads GET /deployments/{id}/certificate-authority.
func (c trusts) CertificateAuthority(ctx context.Context, deployment string) (CertificateAuthority, error) {
	var ca CertificateAuthority
	path := []string{"deployments", deployment, "certificate-authority"}
	err := c.do(ctx, request{method: http.MethodGet, path: path}, &ca)
	return ca, err
}

// CertificateChain is TlsPublicCertChain: what one of an ECE's own services shows to its callers.
type CertificateChain struct {
	UserSupplied bool     `json:"user_supplied"` // false: the ECE made it for itself
	Chain        []string `json:"chain"`         // PEM: the certificate first, its authority last
}

// ProxyChain reads GET /platform/configuration/security/tls/proxy of an ECE.
func (c trusts) ProxyChain(ctx context.Context, region string) (CertificateChain, error) {
	var chain CertificateChain
	path := []string{"regions", region, "platform", "configuration", "security", "tls", "proxy"}
	err := c.do(ctx, request{method: http.MethodGet, path: path}, &chain)
	return chain, err
}
