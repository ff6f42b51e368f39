package main

import (
	"path/filepath"
	"testing"
)

func TestCacheFolder(t *testing.T) {
	tests := []struct {
		name, flag string
		env        map[string]string
		want       string
	}{
		{"flag", "/var/cache/x", map[string]string{"MERIDIAN_CACHE": "/elsewhere"}, "/var/cache/x"},
		{"flag off", "off", map[string]string{"MERIDIAN_CACHE": "/elsewhere"}, ""},
		{"variable", "", map[string]string{"MERIDIAN_CACHE": "/elsewhere", "HOME": "/home/li.wei"}, "/elsewhere"},
		{"variable off", "", map[string]string{"MERIDIAN_CACHE": "off", "HOME": "/home/li.wei"}, ""},
		{"no home", "", nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := &cli{World: World{Getenv: func(name string) string { return test.env[name] }}}
			if got := c.cacheFolder(test.flag); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestUserCache(t *testing.T) {
	tests := []struct {
		system string
		env    map[string]string
		want   string
	}{
		{"linux", map[string]string{"HOME": "/home/li.wei"}, "/home/li.wei/.cache/meridian"},
		{"linux", map[string]string{"HOME": "/home/li.wei", "XDG_CACHE_HOME": "/scratch"}, "/scratch/meridian"},
		{"linux", map[string]string{"XDG_CACHE_HOME": "scratch"}, ""}, // the specification says: absolute, or ignored
		{"darwin", map[string]string{"HOME": "/Users/li.wei", "XDG_CACHE_HOME": "/scratch"}, "/Users/li.wei/Library/Caches/meridian"},
		{"windows", nil, ""},
	}
	for _, test := range tests {
		if got := userCache(test.system, func(name string) string { return test.env[name] }); got != filepath.FromSlash(test.want) {
			t.Errorf("%s %v: got %q, want %q", test.system, test.env, got, test.want)
		}
	}
}
