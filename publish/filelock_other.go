//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package publish

import (
	"errors"
	"os"
)

// tryLock has no lock to offer that ends with its process.
func tryLock(*os.File) (bool, error) { return false, errors.ErrUnsupported }
