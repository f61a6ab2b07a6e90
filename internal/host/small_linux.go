package host

import "sync"

// smallFileLimit is far above any file of /proc and of cgroups that is read
// whole.
const smallFileLimit = 256 << 10

var smallFiles = sync.Pool{New: func() any { return new([]byte) }}

// readSmall hands the content of a small file to parse, which must not keep
// it.
func readSmall(path string, parse func(data []byte) error) error {
	buffer := smallFiles.Get().(*[]byte)
	defer smallFiles.Put(buffer)
	data, _, err := ReadRegular(path, smallFileLimit, *buffer)
	if err != nil {
		return err
	}
	*buffer = data
	return parse(data)
}
