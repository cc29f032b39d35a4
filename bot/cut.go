package bot

import "bytes"

// Slack sends the whole view or message back with every interaction, blocks and all. They are by far the largest part
// and hardly ever read, so they are cut out before the rest is decoded.

// cutBlocks takes the value of view.blocks or message.blocks out of an interaction: rest is the payload with null in
// its place, blocks what was there. A payload that it does not see through comes back whole, with nil; whether it is
// valid JSON is for the decoder to say.
func cutBlocks(raw []byte) (rest, blocks []byte) {
	s := scanner{raw: raw}
	from, to := s.find([]byte("view"), []byte("message"))
	if from < 0 {
		return raw, nil
	}
	rest = make([]byte, 0, len(raw)-(to-from)+len("null"))
	rest = append(rest, raw[:from]...)
	rest = append(rest, "null"...)
	return append(rest, raw[to:]...), raw[from:to]
}

// scanner walks over JSON without understanding more than where values end.
type scanner struct {
	raw []byte
	at  int
}

// find returns where the array "blocks" lies in the first of the objects named that has one; -1 if there is none.
func (s *scanner) find(parents ...[]byte) (from, to int) {
	if !s.enter('{') {
		return -1, -1
	}
	for {
		key, ok := s.key()
		if !ok {
			return -1, -1
		}
		if (bytes.Equal(key, parents[0]) || bytes.Equal(key, parents[1])) && s.peek() == '{' {
			if from, to, ok = s.blocks(); ok {
				return from, to
			}
		} else if !s.skip() {
			return -1, -1
		}
		if !s.next() {
			return -1, -1
		}
	}
}

// blocks walks through one object; not found, it stands behind it.
func (s *scanner) blocks() (from, to int, ok bool) {
	s.enter('{')
	for {
		key, good := s.key()
		if !good {
			s.enter('}') // an empty object; else next fails
			return 0, 0, false
		}
		from := s.space()
		array := s.peek() == '['
		if !s.skip() {
			return 0, 0, false
		}
		if array && bytes.Equal(key, []byte("blocks")) {
			return from, s.at, true
		}
		if !s.next() {
			s.enter('}')
			return 0, 0, false
		}
	}
}

func (s *scanner) space() int {
	for s.at < len(s.raw) && (s.raw[s.at] == ' ' || s.raw[s.at] == '\n' || s.raw[s.at] == '\t' || s.raw[s.at] == '\r') {
		s.at++
	}
	return s.at
}

func (s *scanner) peek() byte {
	if s.space() == len(s.raw) {
		return 0
	}
	return s.raw[s.at]
}

func (s *scanner) enter(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

func (s *scanner) next() bool { return s.enter(',') }

// key reads a name and its colon. A name with escapes in it is none that is looked for.
func (s *scanner) key() ([]byte, bool) {
	if s.peek() != '"' {
		return nil, false
	}
	from := s.at + 1
	if !s.text() {
		return nil, false
	}
	key := s.raw[from : s.at-1]
	return key, s.enter(':')
}

// text passes over a string.
func (s *scanner) text() bool {
	for i := s.at + 1; ; {
		quote := bytes.IndexByte(s.raw[min(i, len(s.raw)):], '"')
		if quote < 0 {
			return false
		}
		i += quote + 1
		escapes := 0
		for k := i - 2; s.raw[k] == '\\'; k-- { // it ends at the opening quote at the latest
			escapes++
		}
		if escapes%2 == 0 {
			s.at = i
			return true
		}
	}
}

// skip passes over any value.
func (s *scanner) skip() bool {
	switch s.peek() {
	case 0:
		return false
	case '"':
		return s.text()
	case '{', '[':
		return s.nested()
	}
	i := bytes.IndexAny(s.raw[s.at:], ",]} \n\r\t")
	if i <= 0 {
		return false
	}
	s.at += i
	return true
}

// nested passes over an object or array: brackets outside strings have to even out.
func (s *scanner) nested() bool {
	depth := 0
	for s.at < len(s.raw) {
		switch s.raw[s.at] {
		case '"':
			if !s.text() {
				return false
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		s.at++
		if depth == 0 {
			return true
		}
	}
	return false
}
