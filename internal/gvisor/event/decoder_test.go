package event

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/sandbox"
)

// TestRules checks that a response that violates a rule is rejected and changes
// nothing.
func TestRules(t *testing.T) {
	valid := newResponse().cpuTime("web", time.Second).network("eth0", 1).network("eth1", 1).String()
	for name, test := range map[string]struct {
		text string
		rule Rule
	}{
		"not JSON":            {`<html>`, RuleFormat},
		"no success":          {`{}`, RuleFormat},
		"trailing bytes":      {valid + `{}`, RuleFormat},
		"key twice":           {strings.Replace(valid, `"pids":{`, `"pids":{"current":1,`, 1), RuleFormat},
		"key in another case": {strings.Replace(valid, `"pids"`, `"PIDs"`, 1), RuleFormat},
		"event twice":         {strings.Replace(valid, `"event":`, `"event":{},"event":`, 1), RuleFormat},
		"interface key twice": {strings.Replace(valid, `"RxBytes":1`, `"RxBytes":1,"RxBytes":1`, 1), RuleFormat},
		"text instead":        {strings.Replace(valid, `"current":1`, `"current":"1"`, 1), RuleFormat},
		"fraction":            {strings.Replace(valid, `"current":1`, `"current":1.5`, 1), RuleFormat},
		"no event":            {`{"success":true,"result":{"containerUsage":{}}}`, RuleNotEvent},
		"null":                {`{"success":true,"result":null}`, RuleNotEvent},
		"another result":      {`{"success":true,"err":"","result":{"Total":2867200}}`, RuleNotEvent},
		"too long":            {`{"x":"` + strings.Repeat(`","x":"`, maxResponseSize/6), RuleSize},
		"too long a key":      {`{"` + strings.Repeat("x", window), RuleSize},
		"too deep":            {strings.Replace(valid, `"limit":0`, `"limit":`+strings.Repeat("[", maxDepth), 1), RuleSize},
		"negative processes":  {strings.Replace(valid, `"current":1`, `"current":-1`, 1), RuleRange},
		"negative memory":     {strings.Replace(valid, `"usage":4096`, `"usage":-1`, 1), RuleRange},
		"negative CPU time":   {strings.Replace(valid, `"web":1000000000`, `"web":-1`, 1), RuleRange},
		"negative counter":    {strings.Replace(valid, `"RxBytes":1`, `"RxBytes":-1`, 1), RuleRange},
		"more than 64 bits":   {strings.Replace(valid, `"usage":4096`, `"usage":18446744073709551616`, 1), RuleRange},
		"too many processes":  {strings.Replace(valid, `"current":1`, `"current":4194305`, 1), RuleProcesses},
		"too much memory":     {strings.Replace(valid, `"usage":4096`, `"usage":8589934593`, 1), RuleMemory},
		"container twice":     {strings.Replace(valid, `"web":1000000000`, `"web":1,"web":2`, 1), RuleDuplicateContainer},
		"interface twice":     {strings.Replace(valid, `eth1`, `eth0`, 1), RuleDuplicateInterface},
		"counter too large":   {strings.Replace(valid, `"RxBytes":1`, `"RxBytes":9223372036854775808`, 1), RuleNetwork},
		"loopback too large":  {strings.Replace(valid, `"eth0","RxBytes":1`, `"lo","RxBytes":9223372036854775808`, 1), RuleNetwork},
		"CPU time too large":  {strings.Replace(valid, `"web":1000000000`, `"web":18446744073709551615`, 1), RuleCPU},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAccount("web")
			mustRead(t, a, "web", time.Minute, newResponse().cpuTime("web", 1).network("eth0", 1).String())
			a.Begin(testStart.Add(2 * time.Minute))
			before := cloneState(a)
			_, err := a.Read("web", &slowReader{test.text, 100_000}, func() time.Time { return testStart.Add(2 * time.Minute) })
			requireViolation(t, err, test.rule)
			assert.Equal(t, before, cloneState(a))
			assert.Less(t, len(err.Error()), 300)
			mustRead(t, a, "web", 2*time.Minute, valid)
		})
	}
}

// cloneState copies an account with everything it refers to.
func cloneState(a *Account) Account {
	clone := *a
	clone.containers = append([]container(nil), a.containers...)
	clone.interfaces = append([]netInterface(nil), a.interfaces...)
	return clone
}

func TestUnknownKeysAndMissingFigures(t *testing.T) {
	for _, text := range []string{
		`{"success":true,"result":{"event":{"data":{}}}}`,
		`{"result":{"containerUsage":null,"new":[{}],"event":{"x":1,"data":{"y":{},"network_interfaces":null,` +
			`"memory":{"z":0,"usage":{"w":[1]}},"pids":{"limit":7}}}},"success":true}`,
	} {
		figures := mustRead(t, newAccount("web"), "web", time.Minute, text)
		assert.Equal(t, Figures{Containers: []ContainerFigures{{ID: "web", HasProcesses: true}}}, clean(figures), text)
	}
}

func TestErrorsOfTheSource(t *testing.T) {
	text := newResponse().String()
	source := io.MultiReader(strings.NewReader(text[:50]), iotest.ErrReader(io.ErrUnexpectedEOF))
	a := newAccount("web")
	_, err := a.Read("web", source, time.Now)
	assert.Equal(t, sandbox.Disconnected, sandbox.OutcomeOf(err))
	size, err := a.Read("web", strings.NewReader(text[:50]), time.Now)
	assert.Equal(t, sandbox.Disconnected, sandbox.OutcomeOf(err))
	assert.Equal(t, 50, size)
}

func TestInterfaces(t *testing.T) {
	a := newAccount("web")
	read := func(after time.Duration, r *response) []InterfaceFigures {
		return mustRead(t, a, "web", after, r.String()).Interfaces
	}
	received := func(name string, bytes uint64) InterfaceFigures {
		return InterfaceFigures{Name: name, Received: Traffic{Bytes: bytes}}
	}
	assert.Empty(t, read(1, newResponse().network("lo", 9).network("eth0", 0)))
	assert.Equal(t, []InterfaceFigures{received("eth0", 100)}, read(2, newResponse().network("lo", 9).network("eth0", 100)))
	assert.Equal(t, []InterfaceFigures{received("eth0", 150)}, read(3, newResponse().network("eth1", 0).network("eth0", 150)))
	// After a counter has decreased, it continues.
	assert.Equal(t, []InterfaceFigures{received("eth0", 150)}, read(4, newResponse().network("eth0", 0)))
	assert.Equal(t, []InterfaceFigures{received("eth0", 160)}, read(5, newResponse().network("eth0", 10)))
	// An interface that has disappeared is not emitted, and continues when it is back.
	assert.Equal(t, []InterfaceFigures{received("eth1", 1)}, read(6, newResponse().network("eth1", 1)))
	assert.Equal(t, []InterfaceFigures{received("eth0", 170), received("eth1", 1)},
		read(7, newResponse().network("eth1", 1).network("eth0", 20)))
}

func TestAllCountersOfAnInterface(t *testing.T) {
	r := newResponse()
	r.interfaces = []string{`{"TxDropped":8,"TxErrors":7,"TxPackets":6,"TxBytes":5,` +
		`"RxDropped":4,"RxErrors":3,"RxPackets":2,"RxBytes":1,"Name":"eth0"}`}
	figures := mustRead(t, newAccount("web"), "web", time.Minute, r.String())
	assert.Equal(t, []InterfaceFigures{{"eth0", Traffic{1, 2, 3, 4}, Traffic{5, 6, 7, 8}}}, figures.Interfaces)
}

func TestCountersCannotGrowBeyond63Bits(t *testing.T) {
	a := newAccount("web")
	for _, count := range []uint64{1<<63 - 2, 0} {
		mustRead(t, a, "web", time.Minute, newResponse().network("eth0", count).String())
	}
	_, err := read(a, "web", time.Minute, newResponse().network("eth0", 2).String())
	requireViolation(t, err, RuleNetwork)
	figures := mustRead(t, a, "web", time.Minute, newResponse().network("eth0", 1).String())
	assert.Equal(t, uint64(1<<63-1), figures.Interfaces[0].Received.Bytes)
}

// TestMaxInterfaces sends new names in each response, before those that are known.
func TestMaxInterfaces(t *testing.T) {
	a := newAccount("web")
	for i := range 10 {
		r := newResponse()
		for j := range 10 {
			r.network(fmt.Sprintf("new%d", 10*i+j), 1)
		}
		figures := mustRead(t, a, "web", time.Minute, r.network("eth0", uint64(i+1)).String())
		last := figures.Interfaces[len(figures.Interfaces)-1]
		if i == 0 {
			require.Len(t, figures.Interfaces, 11)
			continue
		}
		assert.Contains(t, figures.Interfaces, InterfaceFigures{Name: "eth0", Received: Traffic{Bytes: uint64(i + 1)}})
		assert.LessOrEqual(t, len(figures.Interfaces), 11, last.Name)
		assert.Len(t, a.interfaces, min(11+10*i, maxInterfaces))
	}
	assert.Equal(t, 10, mustRead(t, a, "web", time.Minute, newResponse().network("a", 1).network("b", 1).network("c", 1).
		network("d", 1).network("e", 1).network("f", 1).network("g", 1).network("h", 1).network("i", 1).network("j", 1).
		network("eth0", 10).String()).DroppedInterfaces)
}

func TestInterfaceNames(t *testing.T) {
	for name, valid := range map[string]bool{
		"eth0": true, "a": true, "123456789012345": true, "veth@if3:~": true,
		"": false, "1234567890123456": false, "a b": false, "a\\u0000": false, "a\\n": false, "é": false, "\\u007f": false,
	} {
		r := newResponse()
		r.interfaces = []string{`{"Name":"` + name + `","RxBytes":1}`}
		figures := mustRead(t, newAccount("web"), "web", time.Minute, r.String())
		assert.Equal(t, valid, len(figures.Interfaces) == 1, name)
		assert.Equal(t, !valid, figures.DroppedInterfaces == 1, name)
	}
	r := newResponse()
	r.interfaces = []string{`{"RxBytes":1}`}
	assert.Equal(t, 1, mustRead(t, newAccount("web"), "web", time.Minute, r.String()).DroppedInterfaces)
}

func TestReadingAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools")
	}
	a := newAccount("web", "app")
	text := newResponse().cpuTime("web", 1).cpuTime("app", 1).cpuTime("other", 1).network("lo", 1).network("eth0", 1).String()
	source := strings.NewReader(text)
	now := func() time.Time { return testStart.Add(time.Minute) }
	var figures Figures
	run := func() {
		a.Begin(now())
		source.Reset(text)
		if _, err := a.Read("web", source, now); err != nil {
			t.Error(err)
		}
		a.Finish(&figures)
	}
	run()
	assert.Zero(t, testing.AllocsPerRun(100, run))
	assert.True(t, reflect.DeepEqual(figures.Interfaces, []InterfaceFigures{{Name: "eth0", Received: Traffic{Bytes: 1}}}))
}
