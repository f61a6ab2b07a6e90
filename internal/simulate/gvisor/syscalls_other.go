//go:build !unix

package gvisor

import (
	"errors"
	"os"
)

func flock(*os.File) error { return errors.ErrUnsupported }

func rightsMessage([]int) []byte { return nil }
