package platform

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"time"
)

// number writes an integer the way that bodies read back: as a JSON number.
func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }

// stamp writes a time as the platform does.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

// decode reads JSON with its numbers as they are, and nothing after it.
func decode(raw []byte) (any, error) {
	var v any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, io.ErrUnexpectedEOF
	}
	return v, nil
}

func decodeInto(raw []byte, into any) error {
	v, err := decode(raw)
	if err != nil {
		return err
	}
	again, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(again, into)
}

func nested(m map[string]any, path ...string) any {
	var v any = m
	for _, p := range path {
		in, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = in[p]
	}
	return v
}
