package main

import (
	"path/filepath"
	"runtime"
)

// cacheOff is what turns the cache of remote repositories off.
const cacheOff = "off"

// cacheFolder is the folder that keeps what is fetched from remote repositories; empty for none.
func (c *cli) cacheFolder(flag string) string {
	if flag == "" {
		flag = c.Getenv("MERIDIAN_CACHE")
	}
	switch flag {
	case cacheOff:
		return ""
	case "":
		return userCache(runtime.GOOS, c.Getenv)
	}
	if dir, err := filepath.Abs(flag); err == nil {
		return dir
	}
	return ""
}

// userCache is where a user's programs keep what they can make anew, as each system has it; empty when it cannot be
// told.
func userCache(system string, getenv func(string) string) string {
	dir := ""
	switch system {
	case "windows":
		dir = getenv("LocalAppData")
	case "darwin":
		if home := getenv("HOME"); home != "" {
			dir = filepath.Join(home, "Library", "Caches")
		}
	default:
		dir = getenv("XDG_CACHE_HOME")
		if home := getenv("HOME"); dir == "" && home != "" {
			dir = filepath.Join(home, ".cache")
		}
	}
	if !filepath.IsAbs(dir) {
		return ""
	}
	return filepath.Join(dir, "meridian")
}
