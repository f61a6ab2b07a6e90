package host

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
)

func TestParseProcessStat(t *testing.T) {
	const rest = " 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 12345678 999 1"
	for name, test := range map[string]struct {
		text  string
		state byte
		start uint64
		fails bool
	}{
		"plain":                            {text: "4242 (runsc-sandbox) S" + rest, state: 'S', start: 12345678},
		"name with spaces and parentheses": {text: "4242 (a) R (b c) D" + rest, state: 'D', start: 12345678},
		"empty name":                       {text: "4242 () Z" + rest, state: 'Z', start: 12345678},
		"truncated":                        {text: "4242 (x) S 1 2 3", fails: true},
		"no name":                          {text: "4242 S 1 2 3", fails: true},
		"start time is not a number":       {text: "4242 (x) S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 soon 1", fails: true},
		"state of two letters":             {text: "4242 (x) SS" + rest, fails: true},
		"empty":                            {fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			state, start, err := parseProcessStat([]byte(test.text))
			assert.Equal(t, test.fails, err != nil, err)
			if !test.fails {
				assert.Equal(t, test.state, state)
				assert.Equal(t, test.start, start)
			}
		})
	}
}

func FuzzParseProcessStat(f *testing.F) {
	f.Add([]byte("4242 (runsc-sandbox) S 1 4242 4242 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 9 0 12345678 999 1"))
	f.Add([]byte(")"))
	f.Fuzz(func(t *testing.T, data []byte) {
		state, start, err := parseProcessStat(data)
		if err != nil && (state != 0 || start != 0) {
			t.Fatalf("partial result with error %v", err)
		}
	})
}

const shimStat = "4242 (containerd) (shim)) S 1 4242 4242 0 -1 4194560 1 2 3 4 150 70 8 9 20 0 13 0 987654 1 2 3\n"

func TestParseProcessTimes(t *testing.T) {
	got, err := parseProcessTimes([]byte(shimStat))
	want := ProcessTimes{
		Name: "containerd) (shim)", State: 'S', Parent: 1,
		User: 150, System: 70, ChildrenUser: 8, ChildrenSystem: 9, Threads: 13, Start: 987654,
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v; want %+v", got, err, want)
	}

	for name, input := range map[string]string{
		"empty":                      "",
		"no name":                    "4242 S 1 2 3",
		"too few fields":             "4242 (x) S 1 4242 4242 0 -1 4194560 1 2 3 4 150 70 8 9 20 0 13\n",
		"time is not a number":       strings.Replace(shimStat, " 150 ", " x ", 1),
		"start time is not a number": strings.Replace(shimStat, "987654", "-1", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := parseProcessTimes([]byte(input)); err == nil {
				t.Errorf("parsed as %+v", got)
			}
		})
	}
}

func TestParseInterfaces(t *testing.T) {
	const header = "Inter-|   Receive    |  Transmit\n face |bytes  packets|bytes packets\n"
	got := parseInterfaces([]byte(header +
		"    lo:    3193      29    0    0    0     0          0         0     3193      29    0    0    0     0       0          0\n" +
		"tap0_kata:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n" +
		"short: 1 2 3\n" +
		"word: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x\n" +
		": 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"))
	want := []InterfaceCounters{
		{
			Name:     "lo",
			Received: InterfaceTraffic{Bytes: 3193, Packets: 29},
			Sent:     InterfaceTraffic{Bytes: 3193, Packets: 29},
		},
		{
			Name:              "tap0_kata",
			Received:          InterfaceTraffic{Bytes: 1, Packets: 2, Errors: 3, Dropped: 4, FIFO: 5, Compressed: 7},
			ReceivedFrame:     6,
			ReceivedMulticast: 8,
			Sent:              InterfaceTraffic{Bytes: 9, Packets: 10, Errors: 11, Dropped: 12, FIFO: 13, Compressed: 16},
			SentCollisions:    14,
			SentCarrier:       15,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestParseInterfacesLimit(t *testing.T) {
	line := "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
	if got := len(parseInterfaces([]byte(strings.Repeat(line, 1000)))); got != maxInterfaces {
		t.Errorf("%d interfaces, want %d", got, maxInterfaces)
	}
}

func FuzzParseProcess(f *testing.F) {
	f.Fuzz(func(_ *testing.T, data []byte) {
		_, _ = parseProcessTimes(data)
		parseInterfaces(data)
	})
}
