package syscalls

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNamesDependOnArchitecture(t *testing.T) {
	amd64, arm64 := NamesOf("amd64"), NamesOf("arm64")
	for _, test := range []struct{ number, amd64, arm64 string }{
		{"0", "read", "io_setup"},
		{"63", "uname", "read"},
		{"334", "rseq", ""},
		{"293", "pipe2", "rseq"},
		{"425", "io_uring_setup", "io_uring_setup"},
	} {
		assert.Equal(t, test.amd64, amd64.Of(test.number), test.number)
		assert.Equal(t, test.arm64, arm64.Of(test.number), test.number)
	}
}

func TestUnknownNumbersHaveNoName(t *testing.T) {
	for _, number := range []string{
		"", "-1", "+1", "00", "063", " 1", "1 ", "0x1", "1e1", "1.0", "٣", "400", "2000", "9999", "10000", "18446744073709551617",
	} {
		assert.Empty(t, NamesOf("amd64").Of(number), number)
	}
	for _, architecture := range []string{"", "AMD64", "riscv64"} {
		assert.Nil(t, NamesOf(architecture))
		assert.Empty(t, NamesOf(architecture).Of("0"))
	}
}

func TestOfDoesNotAllocate(t *testing.T) {
	names := NamesOf("amd64")
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		if names.Of("425") == "" || names.Of("-1") != "" {
			t.Fatal("wrong name")
		}
	}))
}

func TestTableIsConsistent(t *testing.T) {
	for _, architecture := range Architectures {
		names := map[string]bool{}
		for _, name := range NamesOf(architecture).byNumber {
			if name == "" {
				continue
			}
			assert.Regexp(t, "^[a-z0-9_]+$", name)
			assert.False(t, names[name], "%s occurs twice", name)
			names[name] = true
		}
		assert.Greater(t, len(names), 300, architecture)
	}
}

func TestParseRejectsInvalidTables(t *testing.T) {
	for table, want := range map[string]string{
		"read\t0\n":              "2 columns, want 3",
		"read\tzero\t-\n":        "invalid syntax",
		"read\t-\t-1\n":          "invalid syntax",
		"read\t4096\t-\n":        "number 4096 exceeds 4095",
		"a\t1\t1\nb\t2\t1\n":     "number 1 is also that of a",
		"# comment\na\t1\n":      "2 columns, want 3",
		"read\t99999999999\t-\n": "out of range",
	} {
		_, err := parse(table)
		require.ErrorContains(t, err, want, table)
	}
	names, err := parse("# comment\nread\t0\t63\nopen\t2\t-\n")
	require.NoError(t, err)
	assert.Equal(t, "open", names["amd64"].Of("2"))
	assert.Empty(t, names["arm64"].Of("2"))
}
