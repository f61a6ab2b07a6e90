//go:build !unix

package simulate

import (
	"errors"
	"os"
)

func lockExclusively(string) (*os.File, error) {
	return nil, errors.New("simulated sandboxes need the locks of a Unix system")
}

func descriptorMessage(*os.File) []byte { return nil }
