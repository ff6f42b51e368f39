package publish

import "time"

// Network says how to reach a remote. The zero value trusts the system's certificates and uses no proxy.
type Network struct {
	CA        []byte        // certificates (PEM) of authorities to trust beside the system's, for https; nil: none
	Proxies   Proxies       // for https and http
	AllowHTTP bool          // plain http to hosts other than this machine
	Silence   time.Duration // how long a server may say nothing; default 30 seconds

	dialer dialFunc // for tests, which lead names to servers of their own
}

// Proxies are what the variables HTTP_PROXY, HTTPS_PROXY and NO_PROXY mean by custom: addresses for the two
// kinds of URL, and hosts that are reached without. This machine always is.
type Proxies struct{ HTTP, HTTPS, No string }

// silence is how long a server may say nothing.
func (n Network) silence() time.Duration {
	if n.Silence > 0 {
		return n.Silence
	}
	return 30 * time.Second
}
