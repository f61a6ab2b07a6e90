package exposition

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

// TestSourceError checks that the lines before an error of the source count and
// that Err returns the error.
func TestSourceError(t *testing.T) {
	failure := errors.New("stalled")
	source := io.MultiReader(strings.NewReader("a 1\nb "), iotest.ErrReader(failure))
	var scanner Scanner
	scanner.Reset(source, roomy)
	var names []string
	for scanner.Next() {
		names = append(names, string(scanner.Name()))
	}
	if !slices.Equal(names, []string{"a"}) || !errors.Is(scanner.Err(), failure) || scanner.Bytes() != 6 {
		t.Errorf("names %q, error %v, %d bytes; want [a], %v, 6", names, scanner.Err(), scanner.Bytes(), failure)
	}
	if scanner.Next() {
		t.Error("Next returns true after the end")
	}
}

// idle is a source that never returns data or an error.
type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

func TestIdleSource(t *testing.T) {
	var scanner Scanner
	scanner.Reset(idle{}, roomy)
	if scanner.Next() || !errors.Is(scanner.Err(), io.ErrNoProgress) {
		t.Errorf("error %v, want %v", scanner.Err(), io.ErrNoProgress)
	}
}

// hesitant is a source of which every other read returns nothing.
type hesitant struct {
	io.Reader
	ready bool
}

func (h *hesitant) Read(data []byte) (int, error) {
	if h.ready = !h.ready; h.ready {
		return 0, nil
	}
	return h.Reader.Read(data[:1])
}

func TestHesitantSource(t *testing.T) {
	got := transcript(&hesitant{Reader: strings.NewReader("a 1\nb 2\n")}, roomy)
	if want := []string{"a 1", "b 2"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNumbersAreExact(t *testing.T) {
	for _, want := range []float64{
		0, 1, 5.5259241e+08, 2.70553174016e+11, 1.8446744073709552e+19, 1.795168851244918e+09, 0.000148691,
		math.MaxFloat64, math.SmallestNonzeroFloat64,
	} {
		for _, text := range []string{fmt.Sprint(want), fmt.Sprintf("%.40g", want)} {
			if got, ok := number([]byte(text)); !ok || got != want {
				t.Errorf("number(%q) = %v, %v", text, got, ok)
			}
		}
	}
}

func TestScannerDoesNotAllocate(t *testing.T) {
	text := strings.Repeat("# HELP a b\n# TYPE a gauge\na{item=\"b\",x=\"\\n\"} 5.5259241e+08\na bad\na +Inf 1\n", 100)
	var (
		scanner Scanner
		parsed  Parsed
		source  strings.Reader
	)
	scan := func() {
		source.Reset(text)
		scanner.Reset(&source, roomy)
		for scanner.Next() {
			if scanner.Kind() == Sample {
				_ = scanner.Parse(&parsed)
			}
		}
	}
	scan()
	if allocations := testing.AllocsPerRun(10, scan); allocations != 0 {
		t.Errorf("%v allocations, want none", allocations)
	}
}

func BenchmarkScanner(b *testing.B) {
	text := strings.Repeat("kata_guest_netdev_stat{interface=\"eth0\",item=\"recv_bytes\"} 5.69635724e+08\n", 1000)
	var (
		scanner Scanner
		parsed  Parsed
		source  strings.Reader
	)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		source.Reset(text)
		scanner.Reset(&source, roomy)
		for scanner.Next() {
			if err := scanner.Parse(&parsed); err != nil {
				b.Fatal(err)
			}
		}
	}
}
