package main

import (
	"context"
	"encoding/json"
	"net/url"

	"google.golang.org/grpc/resolver"

	"github.com/go-kratos/kratos/v2/registry"
	"github.com/go-kratos/kratos/v2/transport/grpc/resolver/discovery"
)

// decision is what kratos makes of a value: an address for gRPC, or none.
type decision struct {
	Addr string `json:"addr"`
	// Own is false for an instance of another service, which the registry leaves out.
	Own   bool   `json:"own"`
	Error string `json:"error,omitempty"`
	// Written is the value that Go writes for the instance.
	Written string `json:"written"`
}

// decideAll passes each value, alone, through kratos's types and its resolver.
func decideAll(r request) (any, error) {
	decisions := make([]decision, 0, len(r.Values))
	for _, value := range r.Values {
		decided, err := decide(value, r.Service, r.Secure)
		if err != nil {
			return nil, err
		}
		decisions = append(decisions, decided)
	}
	return decisions, nil
}

func decide(value []byte, service string, secure bool) (decision, error) {
	in, err := parse(value)
	if err != nil {
		return decision{Error: err.Error()}, nil
	}
	written, err := json.Marshal(in)
	if err != nil {
		return decision{}, err
	}
	if in.Name != service {
		return decision{Written: string(written)}, nil
	}
	conn := &stateConn{}
	source := &oneInstance{in: in, resolved: make(chan struct{}), stopped: make(chan struct{})}
	built, err := discovery.NewBuilder(source, discovery.WithInsecure(!secure)).Build(
		resolver.Target{URL: url.URL{Path: "/" + service}}, conn, resolver.BuildOptions{})
	if err != nil {
		return decision{}, err
	}
	defer built.Close()
	<-source.resolved
	return decision{Addr: conn.addr, Own: true, Written: string(written)}, nil
}

// oneInstance is a registry, and its watcher, with one instance. The resolver asks for the next list after it has
// processed the first.
type oneInstance struct {
	in       *registry.ServiceInstance
	asked    bool
	resolved chan struct{}
	stopped  chan struct{}
}

func (o *oneInstance) GetService(context.Context, string) ([]*registry.ServiceInstance, error) {
	return []*registry.ServiceInstance{o.in}, nil
}

func (o *oneInstance) Watch(context.Context, string) (registry.Watcher, error) { return o, nil }

func (o *oneInstance) Next() ([]*registry.ServiceInstance, error) {
	if !o.asked {
		o.asked = true
		return []*registry.ServiceInstance{o.in}, nil
	}
	close(o.resolved)
	<-o.stopped
	return nil, context.Canceled
}

func (o *oneInstance) Stop() error {
	close(o.stopped)
	return nil
}

// stateConn records the address that the resolver reports.
type stateConn struct {
	resolver.ClientConn
	addr string
}

func (c *stateConn) UpdateState(state resolver.State) error {
	c.addr = state.Addresses[0].Addr
	return nil
}
