// Command go-micro stores and reads records of services as go-micro's etcd registry does, on behalf of the tests.
// go-micro's own modules are not used. Requests are lines of JSON on stdin; replies are lines of JSON on stdout.
//
//	go-micro 127.0.0.1:2379
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/status"

	"lines"
)

type request struct {
	ID       int64    `json:"id"`
	Cmd      string   `json:"cmd"`
	Of       int64    `json:"of"` // the request that started a server
	Name     string   `json:"name"`
	Version  string   `json:"version"`
	Node     string   `json:"node"`
	TTL      int64    `json:"ttl"`
	Values   [][]byte `json:"values"`
	Deadline int64    `json:"deadlineMs"`
}

// program is one etcd client. The servers that it registered are kept by the requests that started them.
type program struct {
	registry etcdRegistry
}

func main() {
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(os.Args[1], ",")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	p := &program{registry: etcdRegistry{client}}
	lines.Serve(func(r request) int64 { return r.ID }, p.do, func(err error) string { return status.Code(err).String() })
}

func (p *program) do(r request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.Deadline)*time.Millisecond)
	defer cancel()
	switch r.Cmd {
	case "serve":
		started, err := p.registry.serve(ctx, r)
		if err != nil {
			return nil, err
		}
		lines.Keep(r.ID, started)
		return started.service, nil
	case "stop":
		started, err := lines.Kept[*server](r.Of)
		if err != nil {
			return nil, err
		}
		return nil, started.stop(ctx)
	case "get":
		return p.registry.getService(ctx, r.Name)
	case "ask":
		return p.registry.ask(ctx, r.Name)
	case "decide":
		return decideAll(r.Values)
	}
	return nil, errors.New("unknown command")
}
