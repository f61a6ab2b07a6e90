package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCapacity(t *testing.T) {
	for name, test := range map[string]struct {
		stat, meminfo string
		want          Capacity
	}{
		"two CPUs": {
			"cpu  3 0 2\ncpu0 1 0 1\ncpu1 2 0 1\nintr 5\ncpufreq 7\n", "MemTotal:       2048 kB\nMemFree:  7 kB\n",
			Capacity{CPUs: 2, Memory: 2 << 20},
		},
		"no CPU":    {"cpu  3 0 2\n", "MemTotal: 1 kB\n", Capacity{}},
		"no memory": {"cpu0 3 0 2\n", "MemFree: 1 kB\n", Capacity{}},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(root, "stat"), []byte(test.stat), 0o600))
			require.NoError(t, os.WriteFile(filepath.Join(root, "meminfo"), []byte(test.meminfo), 0o600))
			got, err := Processes{Root: root}.Capacity()
			if test.want == (Capacity{}) {
				assert.ErrorIs(t, err, errNoCapacity)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
		})
	}
	_, err := Processes{Root: t.TempDir()}.Capacity()
	assert.ErrorIs(t, err, os.ErrNotExist)
}
