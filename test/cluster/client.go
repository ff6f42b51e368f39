package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/json" // whole numbers as int64
	"sigs.k8s.io/yaml"
)

// Client asks the API server as one user. It speaks HTTP itself, so that warnings and refusals are seen as they are sent.
type Client struct {
	http    *http.Client
	address string
	as      string    // the user that is impersonated, if any
	kinds   *sync.Map // resource by apiVersion and kind
}

// resource is where objects of a kind are served.
type resource struct {
	path       string // /apis/apps/v1
	name       string // deployments
	namespaced bool
}

// client returns a client for a user who has NAME.crt and NAME.key.
func (c *Cluster) client(name string) (*Client, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(c.folder, name+".crt"), filepath.Join(c.folder, name+".key"))
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.authority.certificate)
	transport := &http.Transport{
		TLSClientConfig:     &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: roots},
		MaxIdleConnsPerHost: 8,
	}
	return &Client{http: &http.Client{Transport: transport, Timeout: patience}, address: "https://" + c.address, kinds: new(sync.Map)}, nil
}

// As returns a client that acts as another user, such as system:serviceaccount:NAMESPACE:NAME.
func (c *Client) As(user string) *Client {
	other := *c
	other.as = user
	return &other
}

// Refusal is an answer that is no success.
type Refusal struct {
	Code    int    // of HTTP
	Message string // the API server's
}

func (r *Refusal) Error() string { return fmt.Sprintf("%d: %s", r.Code, r.Message) }

// Answer is what the API server makes of an object.
type Answer struct {
	Object   *unstructured.Unstructured
	Warnings []string
}

// ready returns why the API server is not.
func (c *Client) ready(ctx context.Context) error {
	_, _, err := c.do(ctx, http.MethodGet, "/readyz", nil, "", nil)
	return err
}

// Apply applies an object as Flux does: server-side, with strict validation of its fields. A dry run stores nothing.
func (c *Client) Apply(ctx context.Context, object []byte, dryRun bool) (Answer, error) {
	query := url.Values{"fieldManager": {"meridian-test"}, "fieldValidation": {"Strict"}, "force": {"true"}}
	if dryRun {
		query.Set("dryRun", "All")
	}
	var u unstructured.Unstructured
	if err := yaml.Unmarshal(object, &u.Object); err != nil {
		return Answer{}, err
	}
	where, err := c.where(ctx, u.GetAPIVersion(), u.GetKind(), u.GetNamespace(), u.GetName())
	if err != nil {
		return Answer{}, err
	}
	data, warnings, err := c.do(ctx, http.MethodPatch, where, query, "application/apply-patch+yaml", object)
	if err != nil {
		return Answer{Warnings: warnings}, err
	}
	answer := Answer{Object: &unstructured.Unstructured{}, Warnings: warnings}
	return answer, json.Unmarshal(data, &answer.Object.Object)
}

// MustApply applies every object of a YAML stream.
func (c *Client) MustApply(t testing.TB, stream []byte) {
	t.Helper()
	for _, object := range Documents(stream) {
		if _, err := c.Apply(t.Context(), object, false); err != nil {
			t.Fatalf("apply: %v\n%s", err, object)
		}
	}
}

// Documents are the objects of a YAML stream.
func Documents(stream []byte) [][]byte {
	var list [][]byte
	for _, document := range bytes.Split(append([]byte("\n"), stream...), []byte("\n---\n")) {
		if trimmed := bytes.TrimSpace(document); len(trimmed) > 0 {
			list = append(list, append(trimmed, '\n'))
		}
	}
	return list
}

// Get returns an object; the namespace is empty for those that have none.
func (c *Client) Get(ctx context.Context, apiVersion, kind, namespace, name string) (*unstructured.Unstructured, error) {
	where, err := c.where(ctx, apiVersion, kind, namespace, name)
	if err != nil {
		return nil, err
	}
	data, _, err := c.do(ctx, http.MethodGet, where, nil, "", nil)
	if err != nil {
		return nil, err
	}
	var u unstructured.Unstructured
	return &u, json.Unmarshal(data, &u.Object)
}

// List returns the objects of a kind that have a label (name=value), or all of them.
func (c *Client) List(ctx context.Context, apiVersion, kind, namespace, selector string) ([]unstructured.Unstructured, error) {
	where, err := c.where(ctx, apiVersion, kind, namespace, "")
	if err != nil {
		return nil, err
	}
	query := url.Values{}
	if selector != "" {
		query.Set("labelSelector", selector)
	}
	data, _, err := c.do(ctx, http.MethodGet, where, query, "", nil)
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, err
	}
	var items []unstructured.Unstructured
	for _, item := range list.Items {
		items = append(items, unstructured.Unstructured{Object: item})
	}
	return items, nil
}

// Merge changes fields of an object, as a person with a shell would.
func (c *Client) Merge(ctx context.Context, apiVersion, kind, namespace, name, patch string) error {
	where, err := c.where(ctx, apiVersion, kind, namespace, name)
	if err != nil {
		return err
	}
	_, _, err = c.do(ctx, http.MethodPatch, where, nil, "application/merge-patch+json", []byte(patch))
	return err
}

// where is the path of an object, or of all of its kind if it has no name.
func (c *Client) where(ctx context.Context, apiVersion, kind, namespace, name string) (string, error) {
	found, err := c.resource(ctx, apiVersion, kind)
	if err != nil {
		return "", err
	}
	path := found.path
	if found.namespaced && namespace != "" {
		path += "/namespaces/" + namespace
	}
	path += "/" + found.name
	if name != "" {
		path += "/" + name
	}
	return path, nil
}

// resource asks the API server where a kind is served; what it has said is remembered.
func (c *Client) resource(ctx context.Context, apiVersion, kind string) (resource, error) {
	key := apiVersion + " " + kind
	if found, ok := c.kinds.Load(key); ok {
		return found.(resource), nil
	}
	root := "/apis/" + apiVersion
	if !strings.Contains(apiVersion, "/") {
		root = "/api/" + apiVersion
	}
	data, _, err := c.do(ctx, http.MethodGet, root, nil, "", nil)
	if err != nil {
		return resource{}, fmt.Errorf("%s: %w", key, err)
	}
	var list metav1.APIResourceList
	if err := json.Unmarshal(data, &list); err != nil {
		return resource{}, err
	}
	for _, r := range list.APIResources {
		if r.Kind == kind && !strings.Contains(r.Name, "/") {
			found := resource{root, r.Name, r.Namespaced}
			c.kinds.Store(key, found)
			return found, nil
		}
	}
	return resource{}, fmt.Errorf("%s is not served", key)
}

// do sends a request and returns the body of a success and the warnings of either.
func (c *Client) do(ctx context.Context, method, path string, query url.Values, kind string, body []byte) ([]byte, []string, error) {
	request, err := http.NewRequestWithContext(ctx, method, c.address+path+"?"+query.Encode(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	request.Header.Set("Accept", "application/json")
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	if c.as != "" {
		request.Header.Set("Impersonate-User", c.as)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, nil, err
	}
	warnings := response.Header.Values("Warning")
	if response.StatusCode >= 300 {
		var status metav1.Status
		if err := json.Unmarshal(data, &status); err != nil {
			status.Message = string(data)
		}
		return nil, warnings, &Refusal{response.StatusCode, status.Message}
	}
	return data, warnings, nil
}

// Condition is the status of a condition of an object: True, False, Unknown, or empty if it has none.
func Condition(u *unstructured.Unstructured, name string) string {
	status, _ := condition(u, name)
	return status
}

// Message is what a condition of an object says.
func Message(u *unstructured.Unstructured, name string) string {
	_, message := condition(u, name)
	return message
}

func condition(u *unstructured.Unstructured, name string) (status, message string) {
	conditions, _, _ := unstructured.NestedSlice(u.Object, "status", "conditions")
	for _, c := range conditions {
		if fields, ok := c.(map[string]any); ok && fields["type"] == name {
			status, _ = fields["status"].(string)
			message, _ = fields["message"].(string)
		}
	}
	return status, message
}
