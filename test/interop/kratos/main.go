// Command kratos uses kratos's own application, gRPC transport and resolver on behalf of the tests. Requests are lines of
// JSON on stdin; replies are lines of JSON on stdout.
//
//	kratos 127.0.0.1:2379
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

	"github.com/go-kratos/kratos/v2/registry"

	"lines"
)

type request struct {
	ID       int64                    `json:"id"`
	Cmd      string                   `json:"cmd"`
	Of       int64                    `json:"of"` // the request that started an application or a channel
	Instance registry.ServiceInstance `json:"instance"`
	HTTP     bool                     `json:"http"` // serve HTTP beside gRPC
	TTL      int64                    `json:"ttl"`
	Service  string                   `json:"service"`
	Count    int                      `json:"count"`
	Values   [][]byte                 `json:"values"`
	Secure   bool                     `json:"secure"`
	Deadline int64                    `json:"deadlineMs"`
}

// program is one etcd client. The applications and channels that use it are kept by the requests that started them.
type program struct {
	registry *etcdRegistry
}

func main() {
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(os.Args[1], ",")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	p := &program{registry: &etcdRegistry{client: client, namespace: "/microservices"}}
	lines.Serve(func(r request) int64 { return r.ID }, p.do, func(err error) string { return status.Code(err).String() })
}

func (p *program) do(r request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.Deadline)*time.Millisecond)
	defer cancel()
	switch r.Cmd {
	case "serve":
		return p.serve(ctx, r)
	case "stop":
		app, err := lines.Kept[*application](r.Of)
		if err != nil {
			return nil, err
		}
		return nil, app.stop()
	case "list":
		return p.registry.GetService(ctx, r.Service)
	case "dial":
		return nil, p.dial(ctx, r)
	case "call":
		return p.call(r)
	case "decide":
		return decideAll(r)
	}
	return nil, errors.New("unknown command")
}
