//go:build !linux

package host

import (
	"io"
	"io/fs"
	"os"
)

// These functions make system calls on Linux, where they are documented.

func OpenRegular(string) (*os.File, FileID, error)   { return nil, FileID{}, ErrUnsupported }
func TryLock(string) (io.Closer, error)              { return nil, ErrUnsupported }
func OpenFileLimit() (int, error)                    { return 0, ErrUnsupported }
func AllocatedSize(string) (uint64, error)           { return 0, ErrUnsupported }
func allocatedBehind(string) (uint64, error)         { return 0, ErrUnsupported }
func stat(string, bool) (fs.FileMode, FileID, error) { return 0, FileID{}, ErrUnsupported }
func ConnectUnix(string) (Socket, Peer, error)       { return Socket{}, Peer{}, ErrUnsupported }
func (Socket) Write([]byte) (int, error)             { return 0, ErrUnsupported }
func (Socket) Read([]byte) (int, error)              { return 0, ErrUnsupported }
func (Socket) Readable() bool                        { return true }
func (Socket) Close() error                          { return ErrUnsupported }
func socketAddress(string) (string, func(), error)   { return "", nil, ErrUnsupported }
func peerCredentials(int) (Peer, error)              { return Peer{}, ErrUnsupported }
func newEpoll() (*os.File, error)                    { return nil, ErrUnsupported }
func watchExit(*os.File, int) (pidfd, error)         { return 0, ErrUnsupported }
func watchRead(*os.File, *os.File) (int, error)      { return 0, ErrUnsupported }
func epollEvents(int) []int                          { return nil }
func processExists(int) bool                         { return false }

// directory is a directory of a cgroup filesystem.
type directory int

func openDirectory(string) (directory, error)         { return 0, ErrUnsupported }
func openExact(string) (directory, bool, error)       { return 0, false, ErrUnsupported }
func (directory) open(string) (directory, error)      { return 0, ErrUnsupported }
func (directory) id() (FileID, error)                 { return FileID{}, ErrUnsupported }
func (directory) close()                              {}
func (directory) read(string, []byte) ([]byte, error) { return nil, ErrUnsupported }
func missing(error) bool                              { return false }

// pidfd is the descriptor of a process.
type pidfd int

func (pidfd) Close() error          { return ErrUnsupported }
func (pidfd) ended() bool           { return false }
func (pidfd) status(int) ExitStatus { return ExitStatus{} }
