package security

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/sim/cluster/rest"
)

// keyRequest is what creation and update take; which fields count depends on the call.
type keyRequest struct {
	name        *string
	access      *keyAccess
	expiration  *time.Duration
	metadata    map[string]any
	identity    *string // certificate_identity; nil with hasIdentity: none is demanded any more
	hasIdentity bool
	roles       map[string]Role
}

// keyFields are the fields of all requests about keys and the type that each has.
var keyFields = map[string]string{
	"name": "VALUE_STRING", "access": "START_OBJECT", "expiration": "VALUE_STRING", "metadata": "START_OBJECT", "role_descriptors": "START_OBJECT",
}

// readKey reads the body and refuses fields that the call does not have.
func readKey(q *rest.Request, v rest.Version, parser string, required, optional []string) (in keyRequest, bad *rest.Error) {
	raw, bad := q.Fields(parser, append(slices.Clone(required), optional...)...)
	if bad != nil {
		return in, bad
	}
	if _, given := raw[identityField]; given && !v.Has(rest.Signing) {
		return in, rest.ParseError("[1:1] [%s] unknown field [%s]", parser, identityField)
	}
	for _, name := range slices.Sorted(maps.Keys(raw)) {
		if want, typed := keyFields[name]; typed && rest.Token(raw[name]) != want {
			return in, rest.WrongType(parser, name, raw[name])
		}
	}
	if v, given := raw["access"]; given {
		if in.access, bad = readAccess(v); bad != nil {
			return in, rest.InField(parser, "access", bad)
		}
	}
	if bad := in.readIdentity(parser, raw, len(required) > 0); bad != nil {
		return in, bad
	}
	for _, name := range required {
		if _, given := raw[name]; !given {
			return in, rest.IllegalArgument("Required [%s]", name)
		}
	}
	bad = in.build(raw)
	if len(required) > 0 {
		bad = rest.Built(parser, bad)
	}
	return in, bad
}

// build reads what is looked at once all is there.
func (in *keyRequest) build(raw map[string]json.RawMessage) *rest.Error {
	for name, into := range map[string]any{"name": &in.name, "metadata": &in.metadata, "role_descriptors": &in.roles} {
		if v, given := raw[name]; given && json.Unmarshal(v, into) != nil {
			return rest.IllegalArgument("[%s] can't be read", name)
		}
	}
	if v, given := raw["expiration"]; given {
		var text string
		_ = json.Unmarshal(v, &text) // its type has been looked at
		d, bad := rest.ParseTime("expiration", text)
		if bad != nil {
			return bad
		}
		in.expiration = &d
	}
	if in.access != nil {
		return in.access.check()
	}
	return nil
}

const identityField = "certificate_identity"

// readIdentity reads the pattern of names that a key demands. Null removes it, and only an update can do that.
func (in *keyRequest) readIdentity(parser string, raw map[string]json.RawMessage, creation bool) *rest.Error {
	v, given := raw[identityField]
	if !given {
		return nil
	}
	if is := rest.Token(v); is != "VALUE_STRING" && (creation || is != "VALUE_NULL") {
		return rest.WrongType(parser, identityField, v)
	}
	in.hasIdentity = true
	_ = json.Unmarshal(v, &in.identity) // its type has been looked at
	if in.identity == nil {
		return nil
	}
	if _, err := regexp.Compile(*in.identity); err != nil {
		return rest.InField(parser, identityField, rest.IllegalArgument("Invalid certificate_identity format: [%s]. Must be a valid regex.", *in.identity))
	}
	return nil
}

func checkKeyName(name string) *rest.Error {
	var problems []string
	if name == "" {
		problems = append(problems, "api key name is required")
	}
	if len(name) > 256 {
		problems = append(problems, "api key name may not be more than 256 characters long")
	}
	if strings.TrimSpace(name) != name {
		problems = append(problems, "api key name may not begin or end with whitespace")
	}
	if strings.HasPrefix(name, "_") {
		problems = append(problems, "api key name may not begin with an underscore")
	}
	if len(problems) > 0 {
		return rest.Validation(problems...)
	}
	return nil
}
