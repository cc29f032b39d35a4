package platform

import (
	"net/http"
)

// getAuthority answers GET /deployments/{id}/certificate-authority.
func getAuthority(c *call) (int, any, *apiError) {
	d, bad := c.deployment()
	if bad != nil {
		return 0, nil, bad
	}
	ca, err := c.p.authority(d.region)
	if err != nil {
		return 0, nil, refuse(http.StatusInternalServerError, "deployments.metadata_internal_error", err.Error())
	}
	return http.StatusOK, map[string]any{
		"recommended_trust_restriction": "trust.subject_name:\n- \"*.node." + d.cluster.ID() + ".cluster." + c.p.scope + "\"\n",
		"public_certificates":           []any{ca.public(true), c.p.coming[d.region].public(false)},
	}, nil
}

// localRelationship is the only trust relationship of an ECE here: the one with itself.
func localRelationship(c *call, withCertificate bool) (map[string]any, *apiError) {
	out := map[string]any{
		"id": "local", "name": "This environment", "local": true, "trust_by_default": true, "installation_id": c.p.scope,
		"account_ids": []any{c.p.scope}, "last_modified": stamp(c.p.opt.Now()),
	}
	if !withCertificate {
		return out, nil
	}
	ca, err := c.p.authority(eceRegion)
	if err != nil {
		return nil, refuse(http.StatusInternalServerError, "root.internal_error", err.Error())
	}
	out["public_ca_cert"] = ca.PEM
	return out, nil
}

func listTrustRelationships(c *call) (int, any, *apiError) {
	list := []any{}
	if c.query.Get("filter") != "non-local" {
		one, bad := localRelationship(c, c.flag("include_certificate", false))
		if bad != nil {
			return 0, nil, bad
		}
		list = append(list, one)
	}
	return http.StatusOK, map[string]any{"trust_relationships": list}, nil
}

func getTrustRelationship(c *call) (int, any, *apiError) {
	if c.vars["trust_relationship_id"] != "local" {
		return 0, nil, refuse(http.StatusNotFound, "trust_relationships.not_found", "There is no trust relationship ["+c.vars["trust_relationship_id"]+"]")
	}
	one, bad := localRelationship(c, c.flag("include_certificate", false))
	return http.StatusOK, one, bad
}

func getTrustedEnvironments(c *call) (int, any, *apiError) {
	if id := c.query.Get("organization_id"); id != "" && id != c.p.scope {
		return 0, nil, refuse(http.StatusNotFound, "organization.not_found", "There is no organization ["+id+"]")
	}
	return http.StatusOK, ownTrust(c.p.scope).document(), nil
}
