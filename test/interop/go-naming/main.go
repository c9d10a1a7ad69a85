// Command naming uses Go's own endpoints and resolver packages on behalf of the tests. Requests are lines of JSON on
// stdin; replies, and the events of watches and resolvers, are lines of JSON on stdout.
//
//	naming 127.0.0.1:2379
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
	ID       int64       `json:"id"`
	Cmd      string      `json:"cmd"`
	Target   string      `json:"target"`
	Of       int64       `json:"of"` // the request that started a watch or a channel
	Ops      []operation `json:"ops"`
	TTL      int64       `json:"ttl"`
	Lease    string      `json:"lease"`
	Count    int         `json:"count"`
	Deadline int64       `json:"deadlineMs"`
}

// program is one etcd client with its watches and channels.
type program struct {
	client *clientv3.Client
	mu     sync.Mutex
	out    *json.Encoder
	begun  map[int64]closer
}

type closer interface{ close() }

func main() {
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(os.Args[1], ",")})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	p := &program{client: client, out: json.NewEncoder(os.Stdout), begun: map[int64]closer{}}
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fmt.Fprintln(os.Stderr, "not a request:", err)
			os.Exit(1)
		}
		// Go's own calls may block forever, which must not delay the next request.
		go p.answer(r)
	}
}

func (p *program) answer(r request) {
	result, err := p.do(r)
	reply := map[string]any{"id": r.ID, "result": result}
	if err != nil {
		reply = map[string]any{"id": r.ID, "error": err.Error(), "code": status.Code(err).String()}
	}
	p.write(reply)
}

func (p *program) do(r request) (any, error) {
	ctx := context.Background()
	if r.Deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Duration(r.Deadline)*time.Millisecond)
		defer cancel()
	}
	switch r.Cmd {
	case "update":
		return nil, p.update(ctx, r)
	case "list":
		return p.list(ctx, r)
	case "watch":
		return nil, p.watch(r)
	case "dial":
		return nil, p.dial(r)
	case "call":
		return p.call(ctx, r)
	case "close":
		return nil, p.close(r.Of)
	case "grant":
		return p.grant(ctx, r)
	case "revoke":
		_, err := p.client.Revoke(ctx, leaseID(r.Lease))
		return nil, err
	}
	return nil, errors.New("no such command: " + r.Cmd)
}

// report writes an event of a watch or a resolver, with its time.
func (p *program) report(of int64, event string, members map[string]any) {
	members["event"], members["of"], members["at"] = event, of, time.Now().UnixMilli()
	p.write(members)
}

func (p *program) write(line map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.out.Encode(line); err != nil {
		os.Exit(0) // the test process has exited
	}
}

func (p *program) begin(of int64, thing closer) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.begun[of] = thing
}

func (p *program) close(of int64) error {
	p.mu.Lock()
	thing := p.begun[of]
	delete(p.begun, of)
	p.mu.Unlock()
	if thing == nil {
		return errors.New("nothing was begun by that request")
	}
	thing.close()
	return nil
}
