package contract

import "slices"

// identitySteps are of strong identity verification, which came with 9.3.
func identitySteps() []step {
	all := slices.Concat(
		[]step{
			keep("SIGNED_ID=.id SIGNED=.encoded SIGNED_SECRET=.api_key", create("with identity", `{"name":"signed","access":{"search":[{"names":["metrics-*"]}]},"certificate_identity":"CN=instance-.*\\.cluster\\.local"}`)),
			{name: "identity: get", on: remote, call: "GET /_security/api_key?id=$SIGNED_ID"},
			create("identity null", `{"name":"signed","access":{"search":[{"names":["a"]}]},"certificate_identity":null}`),
			create("identity that is no pattern", `{"name":"signed","access":{"search":[{"names":["a"]}]},"certificate_identity":"("}`),
			create("identity object", `{"name":"signed","access":{"search":[{"names":["a"]}]},"certificate_identity":{}}`),
			create("identity blank", `{"name":"signed","access":{"search":[{"names":["a"]}]},"certificate_identity":""}`),
			update("identity null", "$FULL_ID", `{"certificate_identity":null}`),
			update("identity pattern", "$SIGNED_ID", `{"certificate_identity":"("}`),
			{name: "signing: defaults", on: remote, call: "GET /_cluster/settings?flat_settings=true&include_defaults=true&filter_path=*.cluster.remote.signing*"},
			sign("missing file", `{"cluster.remote.signing.certificate_authorities":["nothing.crt"]}`),
			sign("truststore missing", `{"cluster.remote.signing.truststore.path":"nothing.p12"}`),
			put("signing: certificate alone", `{"cluster.remote.m.signing.certificate":"node.crt"}`),
			put("signing: key alone", `{"cluster.remote.m.signing.key":"node.key"}`),
			put("signing: missing files", `{"cluster.remote.m.signing.certificate":"nothing.crt","cluster.remote.m.signing.key":"nothing.key"}`),
			put("signing: unknown", `{"cluster.remote.m.signing.nothing":"x"}`),
			storeSecret(local, credentials, "$SIGNED"), reload("signed"),
		},
		stands("identity, changed"), first("identity without signing", "$SIGNED"),
		[]step{
			put("signing: pair", `{"cluster.remote.m.signing.certificate":"node.crt","cluster.remote.m.signing.key":"node.key"}`),
			{name: "signing: get", call: "GET /_cluster/settings?flat_settings=true"},
			{name: "signing: get defaults", call: "GET /_cluster/settings?flat_settings=true&include_defaults=true&filter_path=*.cluster.remote.*"},
		},
		stands("signed, not believed"),
		[]step{
			sign("authorities", `{"cluster.remote.signing.certificate_authorities":["internal_tls_ca.crt"]}`),
			{name: "signing: get authorities", on: remote, call: "GET /_cluster/settings?flat_settings=true"},
			{name: "signing: get authorities defaults", on: remote, call: "GET /_cluster/settings?flat_settings=true&include_defaults=true&filter_path=*.cluster.remote.signing*"},
		},
		stands("signed"), stands("signed again"),
		[]step{update("identity of others", "$SIGNED_ID", `{"certificate_identity":"CN=nobody"}`)},
		stands("signed by another"),
		[]step{update("identity removed", "$SIGNED_ID", `{"certificate_identity":null}`), {name: "identity: get removed", on: remote, call: "GET /_security/api_key?id=$SIGNED_ID"}},
		stands("signed where none is demanded"),
		[]step{sign("authorities removed", `{"cluster.remote.signing.certificate_authorities":null}`)},
		stands("signed where none is demanded, not believed"),
		[]step{put("signing: pair removed", `{"cluster.remote.m.signing.certificate":null,"cluster.remote.m.signing.key":null}`)},
		stands("unsigned again"), stands("unsigned again 2"),
	)
	for i := range all {
		all[i].on9 = true
	}
	return all
}

// sign changes settings of the remote cluster.
func sign(name, persistent string) step {
	t := put("signing: "+name, persistent)
	t.on = remote
	return t
}
