package transport

import (
	"cmp"
	"encoding/json"
	"net/http"
	"strings"
)

// platformReply is BasicFailedReply of the platform's API.
type platformReply struct {
	Errors []struct {
		Code    string   `json:"code"`
		Message string   `json:"message"`
		Fields  []string `json:"fields"`
	} `json:"errors"`
}

// searchReply is the error of Elasticsearch; the field may also be a plain string.
type searchReply struct {
	Error json.RawMessage `json:"error"`
}

type searchCause struct {
	Type     string       `json:"type"`
	Reason   string       `json:"reason"`
	CausedBy *searchCause `json:"caused_by"`
}

// explain finds the code and the reason in the body of a refusal, of the platform or of Elasticsearch: through the
// platform's proxy either may answer. A body that is no JSON is not quoted: what wrote it is unknown.
func explain(header http.Header, body []byte) (code, reason string) {
	if code, reason, ok := explainPlatform(body); ok {
		return cmp.Or(code, header.Get("X-Cloud-Error-Codes")), reason
	}
	if code, reason, ok := explainSearch(body); ok {
		return code, reason
	}
	code = header.Get("X-Cloud-Error-Codes")
	if kind := header.Get("Content-Type"); kind != "" && !json.Valid(body) {
		kind, _, _ = strings.Cut(kind, ";")
		return code, "the answer is not JSON but " + kind + "; something between may have written it"
	}
	return code, ""
}

func explainPlatform(body []byte) (code, reason string, ok bool) {
	var reply platformReply
	if json.Unmarshal(body, &reply) != nil || len(reply.Errors) == 0 {
		return "", "", false
	}
	var reasons []string
	for _, e := range reply.Errors {
		text := e.Message
		if len(e.Fields) > 0 {
			text += " (" + strings.Join(e.Fields, ", ") + ")"
		}
		reasons = append(reasons, text)
	}
	return reply.Errors[0].Code, strings.Join(reasons, "; "), true
}

const maxCauses = 4

func explainSearch(body []byte) (code, reason string, ok bool) {
	var reply searchReply
	if json.Unmarshal(body, &reply) != nil || len(reply.Error) == 0 {
		return "", "", false
	}
	var text string
	if json.Unmarshal(reply.Error, &text) == nil {
		return "", text, true
	}
	var cause searchCause
	if json.Unmarshal(reply.Error, &cause) != nil {
		return "", "", false
	}
	reasons := []string{cause.Reason}
	for c := cause.CausedBy; c != nil && len(reasons) < maxCauses; c = c.CausedBy {
		if c.Reason != "" && !strings.Contains(strings.Join(reasons, " "), c.Reason) {
			reasons = append(reasons, c.Reason)
		}
	}
	return cause.Type, strings.Join(reasons, ": caused by: "), true
}
