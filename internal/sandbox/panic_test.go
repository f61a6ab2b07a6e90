package sandbox

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRecoverPanic(t *testing.T) {
	require.NoError(t, RecoverPanic(func() error { return nil }))
	failed := errors.New("failed")
	require.Equal(t, failed, RecoverPanic(func() error { return failed }))

	err := RecoverPanic(func() error { panic("a bug") })
	require.EqualError(t, err, "panic: a bug")
	var panicked *PanicError
	require.ErrorAs(t, err, &panicked)
	assert.Equal(t, "a bug", panicked.Cause)
	assert.Contains(t, string(panicked.Stack), "TestRecoverPanic")
}
