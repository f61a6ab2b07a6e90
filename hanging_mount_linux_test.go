package sandboxreceiver

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/component/componenttest"
	"go.opentelemetry.io/collector/consumer/consumertest"
	"go.opentelemetry.io/collector/receiver/receivertest"
	"go.uber.org/goleak"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/sandbox-telemetry/sandboxreceiver/internal/metadata"
)

// hangingMount is a FUSE file system whose server never responds, so that system
// calls in it do not return.
type hangingMount struct {
	directory string
	device    *os.File
}

// mountHanging mounts a file system until the end of the test.
func mountHanging(t *testing.T) hangingMount {
	t.Helper()
	fd, err := syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Skipf("FUSE is unavailable: %v", err)
	}
	m := hangingMount{t.TempDir(), os.NewFile(uintptr(fd), "/dev/fuse")}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d", fd, os.Getuid(), os.Getgid())
	if err := syscall.Mount("hanging", m.directory, "fuse", syscall.MS_NOSUID|syscall.MS_NODEV, options); err != nil {
		_ = m.device.Close()
		t.Skipf("mounting is not permitted: %v", err)
	}
	t.Cleanup(func() {
		_ = m.device.Close()
		assert.NoError(t, syscall.Unmount(m.directory, syscall.MNT_DETACH))
	})
	return m
}

// awaitRequest waits until a system call hangs in the file system. The kernel sends
// requests after it has received a response to its first one, FUSE_INIT.
func (m hangingMount) awaitRequest(t *testing.T) {
	t.Helper()
	request := make([]byte, 1<<17)
	_, err := m.device.Read(request)
	require.NoError(t, err)
	const headerSize, initSize, uniqueAt = 16, 64, 8
	var response [headerSize + initSize]byte
	binary.NativeEndian.PutUint32(response[:], uint32(len(response)))
	copy(response[uniqueAt:headerSize], request[uniqueAt:headerSize])
	binary.NativeEndian.PutUint32(response[headerSize:], 7)
	binary.NativeEndian.PutUint32(response[headerSize+4:], 23)
	binary.NativeEndian.PutUint32(response[headerSize+20:], 4096)
	_, err = m.device.Write(response[:])
	require.NoError(t, err)
	// The request is not read, because the process could not be killed from then on.
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	require.NoError(t, err)
	defer func() { _ = syscall.Close(epoll) }()
	event := syscall.EpollEvent{Events: syscall.EPOLLIN}
	require.NoError(t, syscall.EpollCtl(epoll, syscall.EPOLL_CTL_ADD, int(m.device.Fd()), &event))
	ready, err := 0, error(syscall.EINTR)
	for errors.Is(err, syscall.EINTR) {
		ready, err = syscall.EpollWait(epoll, []syscall.EpollEvent{event}, int(time.Minute/time.Millisecond))
	}
	require.NoError(t, err)
	require.Equal(t, 1, ready, "no system call hangs")
}

// TestShutdownWithHangingMount covers a runtime root in a file system that does not
// respond: discovery hangs in a system call. It ends when the system call returns.
func TestShutdownWithHangingMount(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"deadline": 200 * time.Millisecond, "no deadline": 0} {
		t.Run(name, func(t *testing.T) {
			leaks := goleak.IgnoreCurrent()
			mount := mountHanging(t)
			config := createDefaultConfig().(*Config)
			config.GVisor.Roots = []string{filepath.Join(mount.directory, "runsc")}
			config.Kata.Enabled = false
			core, logs := observer.New(zap.WarnLevel)
			settings := receivertest.NewNopSettings(metadata.Type)
			settings.Logger = zap.New(core)
			var once sync.Once
			release := func() { once.Do(func() { _ = mount.device.Close() }) }
			defer release()
			r, err := NewFactory().CreateMetrics(t.Context(), settings, config, consumertest.NewNop())
			require.NoError(t, err)
			require.NoError(t, r.Start(t.Context(), componenttest.NewNopHost()))
			mount.awaitRequest(t)

			ctx := context.Background()
			if timeout > 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, timeout)
				defer cancel()
			}
			began := time.Now()
			err = r.Shutdown(ctx)
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, "stop sandbox discovery: gvisor still running")
			assert.Equal(t, timeout == 0, time.Since(began) >= shutdownTimeout)
			release()
			goleak.VerifyNone(t, leaks)
			assert.Empty(t, logs.All(), "what hung must end without effect")
		})
	}
}
