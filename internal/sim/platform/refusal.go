package platform

import (
	"encoding/json"
	"net/http"
	"strings"
)

// apiError is an error as the platform answers it: BasicFailedReply.
type apiError struct {
	status  int
	code    string
	message string
	fields  []string
}

func refuse(status int, code, message string, fields ...string) *apiError {
	return &apiError{status, code, message, fields}
}

func (e *apiError) body() map[string]any {
	one := map[string]any{"code": e.code, "message": e.message}
	if len(e.fields) > 0 {
		one["fields"] = e.fields
	}
	return map[string]any{"errors": []any{one}}
}

// refusalBody is the body of an ordered status that names none: in the shape of the system.
func refusalBody(system string, status int) []byte {
	text := http.StatusText(status)
	var v any = refuse(status, "root.ordered_fault", text).body()
	if strings.HasPrefix(system, "Elasticsearch of ") {
		e := map[string]any{"type": "exception", "reason": text}
		if status == http.StatusUnauthorized { // as from a node that starts
			text = "unable to authenticate user for REST request"
			e["type"], e["reason"] = "security_exception", text
		}
		v = map[string]any{"error": map[string]any{"root_cause": []any{e}, "type": e["type"], "reason": text}, "status": status}
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return raw
}

func invalid(wrong []string) *apiError {
	var fields []string
	for _, w := range wrong {
		field, _, _ := strings.Cut(w, ":")
		fields = append(fields, field)
	}
	return refuse(http.StatusBadRequest, "root.invalid_request", "The request is not valid: "+strings.Join(wrong, "; "), fields...)
}
