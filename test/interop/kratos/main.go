// Command kratos uses kratos's own application, gRPC transport and resolver on behalf of the tests. Requests are lines of
// JSON on stdin; replies are lines of JSON on stdout.
//
//	kratos 127.0.0.1:2379
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc/status"

	"github.com/go-kratos/kratos/v2/registry"
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

// program is one etcd client with the applications and channels that use it.
type program struct {
	registry *etcdRegistry
	out      *json.Encoder
	mu       sync.Mutex
	begun    map[int64]any
}

func main() {
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(os.Args[1], ",")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	p := &program{registry: &etcdRegistry{client: client, namespace: "/microservices"}, out: json.NewEncoder(os.Stdout), begun: map[int64]any{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fmt.Fprintln(os.Stderr, "not a request:", err)
			os.Exit(1)
		}
		go p.answer(r)
	}
}

func (p *program) answer(r request) {
	result, err := p.do(r)
	reply := map[string]any{"id": r.ID, "result": result}
	if err != nil {
		reply = map[string]any{"id": r.ID, "error": err.Error(), "code": status.Code(err).String()}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.out.Encode(reply); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func (p *program) do(r request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(r.Deadline)*time.Millisecond)
	defer cancel()
	switch r.Cmd {
	case "serve":
		return p.serve(ctx, r)
	case "stop":
		app, ok := p.take(r.Of).(*application)
		if !ok {
			return nil, errors.New("no application was started by that request")
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

func (p *program) keep(id int64, thing any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun[id] = thing
}

func (p *program) take(id int64) any {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.begun[id]
}
