package option

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUnmarshalByteSize(t *testing.T) {
	for text, want := range map[string]ByteSize{
		"0": 0, "65536": 65536, "4MiB": 4 << 20, "512KiB": 512 << 10, "1GiB": 1 << 30,
		"3 MB": 3e6, "2KB": 2000, "7B": 7, "1GB": 1e9,
	} {
		var got ByteSize
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, got, text)
	}
}

func TestUnmarshalInvalidByteSize(t *testing.T) {
	for _, text := range []string{"", "MiB", "-1", "-4MiB", "1.5MiB", "4TiB", "9223372036854775807GiB", "4mib"} {
		size := ByteSize(1)
		assert.EqualError(t, size.UnmarshalText([]byte(text)),
			`invalid size "`+text+`": use an integer with an optional unit, for example 4MiB or 65536`)
		assert.Equal(t, ByteSize(1), size, "an error must not change the value")
	}
}

func TestByteSizeRoundTrip(t *testing.T) {
	for size, want := range map[ByteSize]string{
		0: "0", 7: "7", 2000: "2000", 3e6: "3000000", 1e9: "1000000000", 65535: "65535", 65536: "64KiB",
		512 << 10: "512KiB", 1536 << 10: "1536KiB", 4 << 20: "4MiB", 1 << 30: "1GiB",
	} {
		text, err := size.MarshalText()
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
		assert.Equal(t, want, size.String())
		var back ByteSize
		require.NoError(t, back.UnmarshalText(text))
		assert.Equal(t, size, back)
	}
}
