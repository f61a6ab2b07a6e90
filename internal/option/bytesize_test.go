package option

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestByteSize(t *testing.T) {
	for text, want := range map[string]ByteSize{
		"0": 0, "65536": 65536, "4MiB": 4 << 20, "512KiB": 512 << 10, "1GiB": 1 << 30, "3 MB": 3e6, "2KB": 2000, "7B": 7, "1GB": 1e9,
	} {
		var got ByteSize
		require.NoError(t, got.UnmarshalText([]byte(text)), text)
		assert.Equal(t, want, got, text)
		again, err := got.MarshalText()
		require.NoError(t, err)
		var back ByteSize
		require.NoError(t, back.UnmarshalText(again))
		assert.Equal(t, got, back, text)
	}
	for _, text := range []string{"", "MiB", "-1", "-4MiB", "1.5MiB", "4TiB", "9223372036854775807GiB", "4mib"} {
		var got ByteSize
		assert.Error(t, got.UnmarshalText([]byte(text)), text)
	}
}
