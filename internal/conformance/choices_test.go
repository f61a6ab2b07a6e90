package conformance

import (
	"encoding/json"
	"fmt"
	"strings"
)

// choices turns bytes into decisions, so that a fuzzer that mutates bytes
// mutates decisions. After the last byte, every choice is the first option.
type choices struct {
	data []byte
}

func (c *choices) next() byte {
	if len(c.data) == 0 {
		return 0
	}
	b := c.data[0]
	c.data = c.data[1:]
	return b
}

// below returns a number from 0 to n-1.
func (c *choices) below(n int) int { return int(c.next()) % n }

// rarely returns true for one in 85 choices. A response consists of many
// choices.
func (c *choices) rarely() bool { return c.next() >= 253 }

func pick[T any](c *choices, from ...T) T { return from[c.below(len(from))] }

// object is a JSON object that may contain the same key twice.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var parts []string
	for _, m := range o {
		value, err := json.Marshal(m.value)
		if err != nil {
			return nil, err
		}
		parts = append(parts, fmt.Sprintf("%q:%s", m.key, value))
	}
	return []byte("{" + strings.Join(parts, ",") + "}"), nil
}

// raw is JSON that is written verbatim.
type raw string

func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// mutate encodes a value as JSON and rarely changes up to two bytes of it.
func mutate(c *choices, value any) []byte {
	data, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	if !c.rarely() {
		return data
	}
	at := (int(c.next())<<8 | int(c.next())) % len(data)
	switch c.below(4) {
	case 0:
		data[at] = c.next()
	case 1:
		data = append(data[:at:at], data[at+1:]...)
	case 2:
		data = append(data[:at:at], append([]byte{c.next()}, data[at:]...)...)
	case 3:
		data = data[:at]
	}
	return data
}
