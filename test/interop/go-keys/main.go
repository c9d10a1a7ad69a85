// Answers which keys etcd's own naming package uses: client/v3/naming/endpoints and client/v3/naming/resolver, with a
// client that records requests. Each line on stdin is a JSON list of texts, each a target, `|` and a key; each line on
// stdout is the list of results in the same order.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"

	"go.etcd.io/etcd/client/v3/naming/endpoints"
	"go.etcd.io/etcd/client/v3/naming/resolver"
	gresolver "google.golang.org/grpc/resolver"
)

// The range of keys of a target, in base64.
type keys struct {
	From []byte `json:"from"`
	To   []byte `json:"to"`
}

type reading struct {
	// What List of the manager reads; absent if NewManager rejects the target.
	Listed *keys `json:"listed,omitempty"`
	// The key that AddEndpoint puts, in base64; absent if it rejects the key.
	Put []byte `json:"put,omitempty"`
	// What the resolver reads for the target as a URI; absent if it is refused, or not a URI of etcd.
	Resolved *keys `json:"resolved,omitempty"`
	// Whether the resolver refuses the URI.
	IsRefused bool `json:"isRefused,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var texts []string
		check(json.Unmarshal(lines.Bytes(), &texts))
		readings := make([]reading, len(texts))
		for i, text := range texts {
			target, key, _ := strings.Cut(text, "|")
			readings[i] = reading{Listed: listed(target), Put: put(target, key)}
			readings[i].Resolved, readings[i].IsRefused = resolve(target)
		}
		check(out.Encode(readings))
	}
}

func listed(target string) *keys {
	client, requests := recordingClient()
	manager, err := endpoints.NewManager(client, target)
	if err != nil {
		return nil
	}
	_, err = manager.List(context.Background())
	check(err)
	return requests.read
}

func put(target, key string) []byte {
	client, requests := recordingClient()
	manager, err := endpoints.NewManager(client, target)
	if err != nil {
		return nil
	}
	if manager.AddEndpoint(context.Background(), key, endpoints.Endpoint{Addr: "a:1"}) != nil {
		return nil
	}
	return requests.put
}

func resolve(target string) (read *keys, isRefused bool) {
	uri, err := url.Parse(target)
	if err != nil || uri.Scheme != "etcd" {
		return nil, false
	}
	client, requests := recordingClient()
	builder, err := resolver.NewBuilder(client)
	check(err)
	built, err := builder.Build(gresolver.Target{URL: *uri}, nil, gresolver.BuildOptions{})
	if err != nil {
		return nil, true
	}
	built.Close()
	return requests.read, false
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
