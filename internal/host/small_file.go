package host

import "sync"

// maxSmallFile is far above the size of any file of /proc or a cgroup that is
// read as a whole.
const maxSmallFile = 256 << 10

// firstSmallFile is the initial size of a buffer, into which most files of a cgroup
// fit.
const firstSmallFile = 4 << 10

var smallFileBuffers = sync.Pool{New: func() any { return new([]byte) }}

// readSmall passes the content of a small file to parse, which must not retain
// it.
func readSmall(path string, parse func(data []byte) error) error {
	buffer := smallFileBuffers.Get().(*[]byte)
	defer smallFileBuffers.Put(buffer)
	data, _, err := ReadRegular(path, maxSmallFile, *buffer)
	if err != nil {
		return err
	}
	*buffer = data
	return parse(data)
}
