package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthapi "google.golang.org/grpc/health/grpc_health_v1"
)

// probeHeader is the header that is told of a request.
const probeHeader = "X-Probe"

// server is what runs in a container, whatever its image: an HTTP server at ADDRESS:PORT, the same over TLS at
// ADDRESS:TLS_PORT and one of gRPC's health protocol at ADDRESS:GRPC_PORT, if these are given. Its environment says how
// it begins:
//
//	LISTEN_AFTER   how long it does not listen
//	HEALTHY_AFTER  how long it answers 503
//	IGNORE_TERM    that SIGTERM does not end it
//
// A GET of /control?status=S&delay=D&grpc=G changes what it answers from then on; with service=N it is that service of
// gRPC that is G. Services other than the server as a whole are not known before.
type server struct {
	begin time.Time

	mu     sync.Mutex
	status int
	delay  time.Duration
	grpc   *health.Server
}

func container() error {
	s := &server{begin: time.Now(), status: http.StatusOK, grpc: health.NewServer()}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() {
		for range ended {
			s.log("term", "")
			if os.Getenv("IGNORE_TERM") == "" {
				os.Exit(0)
			}
		}
	}()
	time.Sleep(duration(os.Getenv("LISTEN_AFTER")))
	if port := os.Getenv("GRPC_PORT"); port != "" {
		listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("ADDRESS"), port))
		if err != nil {
			return err
		}
		g := grpc.NewServer(grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
			s.log("grpc", fmt.Sprint(request))
			return handle(ctx, request)
		}))
		healthapi.RegisterHealthServer(g, s.grpc)
		go g.Serve(listener)
	}
	if port := os.Getenv("TLS_PORT"); port != "" {
		certificate, err := selfSigned()
		if err != nil {
			return err
		}
		listener, err := tls.Listen("tcp", net.JoinHostPort(os.Getenv("ADDRESS"), port), &tls.Config{Certificates: []tls.Certificate{certificate}})
		if err != nil {
			return err
		}
		go http.Serve(listener, s)
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("ADDRESS"), os.Getenv("PORT")))
	if err != nil {
		return err
	}
	s.log("listen", listener.Addr().String())
	return http.Serve(listener, s)
}

// selfSigned is a certificate that nobody trusts, for no name.
func selfSigned() (tls.Certificate, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, err
}

func (s *server) log(name, detail string) {
	if err := (event{Pod: os.Getenv("POD"), Attempt: os.Getenv("ATTEMPT"), Name: name, Detail: detail}).write(os.Getenv("EVENTS")); err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/control" {
		s.control(r)
		return
	}
	s.mu.Lock()
	status, delay := s.status, s.delay
	s.mu.Unlock()
	if time.Since(s.begin) < duration(os.Getenv("HEALTHY_AFTER")) {
		status = http.StatusServiceUnavailable
	}
	detail := fmt.Sprintf("%s %s %d", r.Method, r.RequestURI, status)
	if r.TLS != nil {
		detail += " over TLS"
	}
	if value := r.Header.Get(probeHeader); value != "" {
		detail += " " + probeHeader + ": " + value
	}
	s.log("request", detail)
	time.Sleep(delay)
	w.WriteHeader(status)
}

func (s *server) control(r *http.Request) {
	s.log("control", r.URL.RawQuery)
	s.mu.Lock()
	defer s.mu.Unlock()
	if status, err := strconv.Atoi(r.FormValue("status")); err == nil {
		s.status = status
	}
	if text := r.FormValue("delay"); text != "" {
		s.delay = duration(text)
	}
	if text := r.FormValue("grpc"); text != "" {
		s.grpc.SetServingStatus(r.FormValue("service"), healthapi.HealthCheckResponse_ServingStatus(healthapi.HealthCheckResponse_ServingStatus_value[text]))
	}
}

// duration is 0 for what is none.
func duration(text string) time.Duration {
	d, _ := time.ParseDuration(text)
	return d
}
