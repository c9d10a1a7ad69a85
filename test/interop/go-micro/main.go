// Command go-micro stores and reads records of services as go-micro's etcd registry does, on behalf of the tests.
// go-micro's own modules are not used. Requests are lines of JSON on stdin; replies are lines of JSON on stdout.
//
//	go-micro 127.0.0.1:2379
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

// program is one etcd client with the servers that it registered.
type program struct {
	registry etcdRegistry
	out      *json.Encoder
	mu       sync.Mutex
	begun    map[int64]*server
}

func main() {
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(os.Args[1], ",")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	p := &program{registry: etcdRegistry{client}, out: json.NewEncoder(os.Stdout), begun: map[int64]*server{}}
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
		started, err := p.registry.serve(ctx, r)
		if err != nil {
			return nil, err
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.begun[r.ID] = started
		return started.service, nil
	case "stop":
		p.mu.Lock()
		started := p.begun[r.Of]
		p.mu.Unlock()
		if started == nil {
			return nil, errors.New("no server was started by that request")
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
