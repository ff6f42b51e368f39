package main

import (
	"context"
	"fmt"
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

// server is what runs in a container, whatever its image: an HTTP server at ADDRESS:PORT, and one of gRPC's health
// protocol at ADDRESS:GRPC_PORT if that is given. Its environment says how it begins:
//
//	LISTEN_AFTER   how long it does not listen
//	HEALTHY_AFTER  how long it answers 503
//	IGNORE_TERM    that SIGTERM does not end it
//
// A GET of /control?status=S&delay=D&grpc=G changes what it answers from then on.
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
	listener, err := net.Listen("tcp", net.JoinHostPort(os.Getenv("ADDRESS"), os.Getenv("PORT")))
	if err != nil {
		return err
	}
	s.log("listen", listener.Addr().String())
	return http.Serve(listener, s)
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
	s.log("request", fmt.Sprintf("%s %s %d", r.Method, r.URL.Path, status))
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
		s.grpc.SetServingStatus("", healthapi.HealthCheckResponse_ServingStatus(healthapi.HealthCheckResponse_ServingStatus_value[text]))
	}
}

// duration is 0 for what is none.
func duration(text string) time.Duration {
	d, _ := time.ParseDuration(text)
	return d
}
