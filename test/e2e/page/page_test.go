package page

import (
	"strings"
	"testing"
	"time"
)

const text = `# HELP runsc_fs_opens Number of file opens.
# TYPE runsc_fs_opens counter
runsc_fs_opens{sandbox="web",iteration="1"} 2 1795168411393
# HELP runsc_up Up.
# TYPE runsc_up gauge
runsc_up 1
# HELP runsc_wait Wait.
# TYPE runsc_wait histogram
runsc_wait_bucket{le="1"} 2
runsc_wait_bucket{le="+Inf"} 3
runsc_wait_sum 4
runsc_wait_count 3
`

func parse(t *testing.T, text string) Page {
	t.Helper()
	page, err := Parse(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

func TestParse(t *testing.T) {
	page := parse(t, text)
	if len(page) != 3 {
		t.Fatalf("%d series, want 3: %v", len(page), page)
	}
	got, found := page[`runsc_fs_opens{iteration="1",sandbox="web"}`]
	if !found {
		t.Fatalf("series is missing in %v", page)
	}
	if got.Type != "counter" || got.Help != "Number of file opens." || got.Value != 2 || !got.Time.Equal(time.UnixMilli(1795168411393)) {
		t.Errorf("got %+v", got)
	}
	if up := page["runsc_up{}"]; up.Type != "gauge" || !up.Time.IsZero() {
		t.Errorf("got %+v", up)
	}
	if wait := page["runsc_wait{}"]; wait.Type != "histogram" || wait.Value != 3 {
		t.Errorf("got %+v", wait)
	}
}

func TestEqual(t *testing.T) {
	for name, test := range map[string]struct{ from, to, want string }{
		"equal":       {"", "", ""},
		"time":        {" 1795168411393", "", ""},
		"value":       {"} 2", "} 3", "is 3, want 2"},
		"label":       {`"web"`, `"db"`, "is unexpected"},
		"empty label": {`sandbox="web",`, `sandbox="web",empty="",`, ""},
		"missing":     {"runsc_up 1\n", "", "runsc_up{} is missing"},
		"type":        {"opens counter", "opens gauge", "is a gauge, want counter"},
		"help":        {"file opens.", "opens.", "help"},
		"other name":  {"runsc_up", "other_up", "other_up{} is unexpected"},
		"other value": {"runsc_up 1", "runsc_up 0", "is 0, want 1"},
	} {
		t.Run(name, func(t *testing.T) {
			err := Equal(parse(t, text), parse(t, strings.ReplaceAll(text, test.from, test.to)))
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}
