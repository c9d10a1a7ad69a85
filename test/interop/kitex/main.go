// Command kitex registers and resolves services with Kitex's registry-etcd on behalf of the tests. Requests are lines of
// JSON on stdin; replies are lines of JSON on stdout. KITEX_ETCD_REGISTRY_LEASE_TTL is the time to live of the leases.
//
//	kitex 127.0.0.1:2379
package main

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/cloudwego/kitex/pkg/discovery"
	"github.com/cloudwego/kitex/pkg/registry"
	etcd "github.com/kitex-contrib/registry-etcd"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"lines"
)

type request struct {
	ID      int64             `json:"id"`
	Cmd     string            `json:"cmd"`
	Of      int64             `json:"of"` // the request that registered a server
	Service string            `json:"service"`
	Prefix  string            `json:"prefix"`
	Name    string            `json:"name"` // of a server
	Addr    string            `json:"addr"`
	Weight  int               `json:"weight"`
	Tags    map[string]string `json:"tags"`
}

// registered is a server with its registry: a registry is of one server.
type registered struct {
	registry registry.Registry
	info     *registry.Info
}

// instance is one result of Kitex's resolver.
type instance struct {
	Network string            `json:"network"`
	Address string            `json:"address"`
	Weight  int               `json:"weight"`
	Tags    map[string]string `json:"tags"`
}

var (
	endpoints   []string
	resolversMu sync.Mutex
	resolvers   = map[string]discovery.Resolver{}
)

func main() {
	endpoints = strings.Split(os.Args[1], ",")
	lines.Serve(func(r request) int64 { return r.ID }, do, nil)
}

func do(r request) (any, error) {
	switch r.Cmd {
	case "serve":
		return serve(r.Name)
	case "register":
		return nil, register(r)
	case "deregister":
		one, err := lines.Kept[registered](r.Of)
		if err != nil {
			return nil, err
		}
		return nil, one.registry.Deregister(one.info)
	case "resolve":
		return resolve(r)
	case "call":
		return call(r.Addr)
	}
	return nil, errors.New("no such command: " + r.Cmd)
}

func prefixOf(r request) []etcd.Option {
	if r.Prefix == "" {
		return nil
	}
	return []etcd.Option{etcd.WithEtcdServicePrefix(r.Prefix)}
}

// register does what Kitex's server does after it listens. The address need not be one that this program serves.
func register(r request) error {
	addr, err := net.ResolveTCPAddr("tcp", r.Addr)
	if err != nil {
		return err
	}
	made, err := etcd.NewEtcdRegistry(endpoints, prefixOf(r)...)
	if err != nil {
		return err
	}
	info := &registry.Info{ServiceName: r.Service, Addr: addr, Weight: r.Weight, Tags: r.Tags}
	if info.Weight == 0 {
		info.Weight = discovery.DefaultWeight // as the server does
	}
	lines.Keep(r.ID, registered{made, info})
	return made.Register(info)
}

// resolve returns what a client of Kitex gets, at each of its refreshes. An instance does not list its tags: those with
// the names of the request's tags are returned.
func resolve(r request) ([]instance, error) {
	made, err := resolverOf(r)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	result, err := made.Resolve(ctx, r.Service)
	if err != nil {
		return nil, err
	}
	found := []instance{}
	for _, one := range result.Instances {
		tags := map[string]string{}
		for name := range r.Tags {
			if value, ok := one.Tag(name); ok {
				tags[name] = value
			}
		}
		found = append(found, instance{one.Address().Network(), one.Address().String(), one.Weight(), tags})
	}
	return found, nil
}

// resolverOf keeps a resolver for each prefix.
func resolverOf(r request) (discovery.Resolver, error) {
	resolversMu.Lock()
	defer resolversMu.Unlock()
	if made, ok := resolvers[r.Prefix]; ok {
		return made, nil
	}
	made, err := etcd.NewEtcdResolver(endpoints, prefixOf(r)...)
	if err == nil {
		resolvers[r.Prefix] = made
	}
	return made, err
}

// call asks the server at an address that the resolver returned.
func call(addr string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	conn, err := grpc.DialContext(ctx, addr, grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(), grpc.WithDefaultCallOptions(grpc.ForceCodec(bare{})))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	var name []byte
	err = conn.Invoke(ctx, whoPath, []byte("who?"), &name)
	return string(name), err
}
