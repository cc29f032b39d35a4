package rest

import (
	"net/http"
	"strconv"
	"strings"
)

// Negotiate checks the media types and returns that of the answer.
func Negotiate(r *http.Request, hasBody bool, v Version) (string, *Error) {
	const plain, vendored = "application/json", "application/vnd.elasticsearch+json"
	media := func(header string) (string, int, bool) {
		if header == "" || header == "*/*" {
			return plain, 0, true
		}
		name, params, _ := strings.Cut(header, ";")
		name, params = strings.TrimSpace(strings.ToLower(name)), strings.TrimSpace(params)
		switch name {
		case plain, "application/*", "*/*":
			return plain, 0, true
		case vendored:
			with, err := strconv.Atoi(strings.TrimPrefix(params, "compatible-with="))
			return vendored, with, err == nil
		}
		return name, 0, false
	}
	answer, with, ok := media(r.Header.Get("Accept"))
	if !ok {
		return plain, &Error{Status: 406, Plain: true, Reason: "Accept header [" + r.Header.Get("Accept") + "] is not supported"}
	}
	if hasBody {
		kind := r.Header.Get("Content-Type")
		if _, w, ok := media(kind); !ok || kind == "" {
			return plain, &Error{Status: 406, Plain: true, Reason: "Content-Type header [" + kind + "] is not supported"}
		} else if w != 0 {
			with = max(with, w)
		}
	}
	if with != 0 && with != v.Major && with != v.Major-1 {
		return plain, &Error{Status: 400, Kind: "media_type_header_exception", Reason: "Invalid media-type value on headers [Accept, Content-Type]"}
	}
	if answer == vendored {
		answer += ";compatible-with=" + strconv.Itoa(with)
	}
	return answer, nil
}
