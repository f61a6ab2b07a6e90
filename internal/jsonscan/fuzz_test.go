package jsonscan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"testing"
	"testing/iotest"
)

// tree decodes the next value as encoding/json does with UseNumber.
func tree(s *Scanner) any {
	switch s.Peek() {
	case Object:
		object := map[string]any{}
		for s.OpenObject(); ; {
			key, more := s.NextKey()
			if !more {
				return object
			}
			text := string(key)
			object[text] = tree(s)
		}
	case Array:
		array := []any{}
		for s.OpenArray(); s.NextElement(); {
			array = append(array, tree(s))
		}
		return array
	case String:
		return string(s.String())
	case Number:
		return json.Number(s.Raw())
	case Bool:
		return s.Bool()
	case Null:
		s.Null()
	}
	return nil
}

// resetTo resets the scanner to the input in one of several ways.
func resetTo(s *Scanner, input []byte, way uint8) {
	limits := Limits{Window: 64 << 10, Token: 32 << 10}
	switch way % 4 {
	case 0:
		s.ResetBytes(input, limits)
	case 1:
		s.ResetReader(bytes.NewReader(input), limits)
	case 2:
		limits.Window, limits.Token = 64, 48
		s.ResetReader(iotest.OneByteReader(bytes.NewReader(input)), limits)
	case 3:
		limits.Window, limits.Token = 48, 48
		s.ResetReader(iotest.HalfReader(bytes.NewReader(input)), limits)
	}
}

// FuzzScanner compares accepted input and its values with encoding/json.
func FuzzScanner(f *testing.F) {
	for _, seed := range []string{
		`{"success":true,"err":"","result":{"snapshot":{"when":"2026-11-20T10:19:38Z","data":[]}}}`,
		`[1,-2.5e+3,"a\u00e9\ud83d\ude00",{"a":null,"a":true},[[]]]`,
		`"\ud800"`, "\"\xff\"", `123`, ` null `, `{"a":1,}`, `-`, `1e999`, `[1 2]`, `{"k" :"v"} x`,
	} {
		f.Add([]byte(seed), uint8(0))
	}
	captures, _ := filepath.Glob("testdata/*.json")
	for _, path := range captures {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(1))
	}
	f.Fuzz(func(t *testing.T, input []byte, way uint8) {
		var s Scanner
		resetTo(&s, input, way)
		got := tree(&s)
		s.End()
		err := s.Err()

		// Skipping the value must have the same result.
		var skipping Scanner
		resetTo(&skipping, input, way)
		if skipErr := skipAll(&skipping); fmt.Sprint(skipErr) != fmt.Sprint(err) || skipping.Offset() != s.Offset() {
			t.Fatalf("%q: read up to %d: %v, skipped up to %d: %v", input, s.Offset(), err, skipping.Offset(), skipErr)
		}

		if err == nil && len(input) > int(s.Offset()) {
			input = input[:s.Offset()] // The rest has not arrived.
		}

		var want any
		decoder := json.NewDecoder(bytes.NewReader(input))
		decoder.UseNumber()
		wantErr := decoder.Decode(&want)
		valid := json.Valid(input)
		switch {
		case err == nil && !valid:
			t.Fatalf("accepted invalid JSON %q", input)
		case err == nil:
			if wantErr != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("%q: got %#v, encoding/json has %#v (%v)", input, got, want, wantErr)
			}
		case errors.Is(err, ErrMisuse), errors.Is(err, ErrKind), errors.Is(err, ErrRange),
			errors.Is(err, ErrField), errors.Is(err, ErrRead):
			t.Fatalf("%q: unexpected class of error: %v", input, err)
		case valid && errors.Is(err, ErrText):
			if text, _ := json.Marshal(want); !bytes.Contains(text, []byte("\uFFFD")) && !bytes.Contains(text, []byte(`\ufffd`)) {
				t.Fatalf("%q: encoding/json finds the text valid, this package: %v", input, err)
			}
		case valid && !errors.Is(err, ErrDepth) && !errors.Is(err, ErrTokenSize):
			t.Fatalf("%q is valid, but %v", input, err)
		}
	})
}

// FuzzNumber compares the conversion of numbers with encoding/json.
func FuzzNumber(f *testing.F) {
	for _, seed := range []string{"0", "-0", "18446744073709551615", "-9223372036854775808", "1.5", "1e400", "x", "1.0", "0x1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s Scanner
		check := func(name string, got, want any, wantErr error) {
			s.End()
			if (s.Err() == nil) != (wantErr == nil) {
				t.Fatalf("%q as %s: %v, encoding/json: %v", text, name, s.Err(), wantErr)
			}
			if wantErr == nil && got != want {
				t.Fatalf("%q as %s: %v, encoding/json: %v", text, name, got, want)
			}
		}
		// encoding/json accepts null for any type.
		if bytes.Equal(bytes.Trim([]byte(text), " \t\r\n"), []byte("null")) || len(text) > 1000 {
			return
		}
		var i int64
		s.ResetBytes([]byte(text), Limits{})
		got := any(s.Int64())
		err := json.Unmarshal([]byte(text), &i)
		check("int64", got, i, err)

		var u uint64
		s.ResetBytes([]byte(text), Limits{})
		got = s.Uint64()
		err = json.Unmarshal([]byte(text), &u)
		check("uint64", got, u, err)

		var d float64
		s.ResetBytes([]byte(text), Limits{})
		float := s.Float64()
		err = json.Unmarshal([]byte(text), &d)
		check("float64", math.Float64bits(float), math.Float64bits(d), err)
		if err == nil {
			if parsed, _ := strconv.ParseFloat(string(bytes.TrimSpace([]byte(text))), 64); parsed != float {
				t.Fatalf("%q: %v, strconv: %v", text, float, parsed)
			}
		}
	})
}
