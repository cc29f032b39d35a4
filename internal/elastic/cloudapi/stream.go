package cloudapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/remote-cluster-bot/remote-cluster-bot/internal/elastic/transport"
)

// errEnough ends the reading of a list early.
var errEnough = errors.New("no more is wanted")

// stream makes a call whose answer is an object with a long list in it. Each element is handed to each as it is read, so
// that there is never more of the list than that in memory; the other fields are read into rest.
func (c *caller) stream(ctx context.Context, r request, list string, each func(*json.Decoder) error, rest any) error {
	path, err := pathOf(r.path...)
	if err != nil {
		return err
	}
	call := transport.Call{System: c.system, Name: r.method + " " + path, Writes: r.method != http.MethodGet && !r.reads, Scrub: c.scrub}
	req, err := c.newRequest(ctx, r, path)
	if err != nil {
		return err
	}
	err = c.http.Stream(req, func(resp *http.Response) error {
		if resp.StatusCode < 200 || resp.StatusCode > 299 {
			body, err := io.ReadAll(resp.Body)
			if err != nil {
				return err
			}
			return call.Check(resp.StatusCode, resp.Header, body)
		}
		err := readList(json.NewDecoder(resp.Body), list, each, rest)
		if err == nil || errors.Is(err, errEnough) {
			return err
		}
		return call.Unreadable(resp.StatusCode, errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF))
	})
	if _, ok := errors.AsType[*transport.NoAnswerError](err); ok {
		return call.Failed(err)
	}
	return err
}

// readList reads an object: the elements of one list by each, everything else into rest.
func readList(dec *json.Decoder, list string, each func(*json.Decoder) error, rest any) error {
	if err := expect(dec, '{'); err != nil {
		return err
	}
	others := map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		if name == list {
			if err := readEach(dec, each); err != nil {
				return err
			}
			continue
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		others[name] = value
	}
	if err := expect(dec, '}'); err != nil {
		return err
	}
	raw, err := json.Marshal(others)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, rest)
}

// readEach reads a list, or null.
func readEach(dec *json.Decoder, each func(*json.Decoder) error) error {
	switch begins, err := dec.Token(); {
	case err != nil:
		return err
	case begins == nil:
		return nil
	case begins != json.Delim('['):
		return errUnexpected
	}
	for dec.More() {
		if err := each(dec); err != nil {
			return err
		}
	}
	return expect(dec, ']')
}

var errUnexpected = errors.New("not the JSON that was expected")

func expect(dec *json.Decoder, want json.Delim) error {
	got, err := dec.Token()
	if err == nil && got != want {
		err = errUnexpected
	}
	return err
}
