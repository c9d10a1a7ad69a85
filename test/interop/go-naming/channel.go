package main

import (
	"context"
	"errors"
	"time"

	naming "go.etcd.io/etcd/client/v3/naming/resolver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/resolver"
)

// whoPath is the method of the tests' servers; it returns the server's name as plain bytes.
const whoPath = "/naming.test.Who/Ask"

type channel struct{ conn *grpc.ClientConn }

func (c channel) close() { c.conn.Close() }

// dial opens a channel as a user does, and reports each list of addresses from Go's resolver.
func (p *program) dial(r request) error {
	builder, err := naming.NewBuilder(p.client)
	if err != nil {
		return err
	}
	conn, err := grpc.NewClient(r.Target,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithResolvers(observed{Builder: builder, p: p, of: r.ID}),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
		grpc.WithNoProxy(),
		grpc.WithIdleTimeout(0),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bare{})))
	if err != nil {
		return err
	}
	p.begin(r.ID, channel{conn})
	conn.Connect()
	return nil
}

// call makes a number of calls, and counts the answers of each server and the errors by text.
func (p *program) call(ctx context.Context, r request) (any, error) {
	p.mu.Lock()
	open, ok := p.begun[r.Of].(channel)
	p.mu.Unlock()
	if !ok {
		return nil, errors.New("no channel was opened by that request")
	}
	answers, failures := map[string]int{}, map[string]int{}
	for range r.Count {
		one, cancel := context.WithTimeout(context.Background(), time.Duration(r.Deadline)*time.Millisecond)
		var name []byte
		if err := open.conn.Invoke(one, whoPath, []byte("who?"), &name); err != nil {
			failures[err.Error()]++
		} else {
			answers[string(name)]++
		}
		cancel()
	}
	return map[string]any{"answers": answers, "failures": failures}, nil
}

type bare struct{}

func (bare) Name() string                       { return "bare" }
func (bare) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (bare) Unmarshal(data []byte, v any) error { *v.(*[]byte) = append([]byte{}, data...); return nil }

// observed wraps Go's resolver and reports its results.
type observed struct {
	resolver.Builder
	p  *program
	of int64
}

func (o observed) Build(target resolver.Target, cc resolver.ClientConn, options resolver.BuildOptions) (resolver.Resolver, error) {
	built, err := o.Builder.Build(target, observedConn{cc, o}, options)
	if err != nil {
		o.p.report(o.of, "rejected", map[string]any{"error": err.Error()})
	}
	return built, err
}

type observedConn struct {
	resolver.ClientConn
	o observed
}

func (c observedConn) UpdateState(state resolver.State) error {
	addrs := []string{}
	for _, endpoint := range state.Endpoints {
		for _, address := range endpoint.Addresses {
			addrs = append(addrs, address.Addr)
		}
	}
	c.o.p.report(c.o.of, "state", map[string]any{"addrs": addrs})
	return c.ClientConn.UpdateState(state)
}
