package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTableIsUpToDate(t *testing.T) {
	want, err := generate()
	require.NoError(t, err)
	got, err := os.ReadFile("../../internal/gvisor/syscalls/syscalls.tsv")
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "run make known-syscalls")
}

func TestNumbersIn(t *testing.T) {
	source := "const (\n\tSYS_READ   = 0\n\tSYS_PREAD64 = 17\n\tSYS_ODD = x\n\tOTHER = 1\n)\n"
	assert.Equal(t, map[string]string{"read": "0", "pread64": "17"}, numbersIn([]byte(source)))
}
