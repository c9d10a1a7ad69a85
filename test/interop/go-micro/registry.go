package main

import (
	"context"
	"encoding/json"
	"errors"
	"path"
	"sort"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// The types of go-micro's package registry, with the order and the names of their members.
type (
	service struct {
		Name      string            `json:"name"`
		Version   string            `json:"version"`
		Metadata  map[string]string `json:"metadata"`
		Endpoints []*endpoint       `json:"endpoints"`
		Nodes     []*node           `json:"nodes"`
	}
	node struct {
		ID       string            `json:"id"`
		Address  string            `json:"address"`
		Metadata map[string]string `json:"metadata"`
	}
	endpoint struct {
		Name     string            `json:"name"`
		Request  *value            `json:"request"`
		Response *value            `json:"response"`
		Metadata map[string]string `json:"metadata"`
	}
	value struct {
		Name   string   `json:"name"`
		Type   string   `json:"type"`
		Values []*value `json:"values"`
	}
)

// etcdRegistry uses the keys and values of go-micro's etcd registry:
// https://github.com/micro/plugins/blob/6026888844da0f32d2e633952bab2947871fc1a3/v5/registry/etcd/etcd.go
type etcdRegistry struct{ client *clientv3.Client }

func keyOf(parts ...string) string {
	key := "/micro/registry/"
	for _, part := range parts {
		key = path.Join(key, strings.ReplaceAll(part, "/", "-"))
	}
	return key
}

// register stores each node in a record of its own, under a lease that is renewed as long as the process lives.
func (e etcdRegistry) register(ctx context.Context, s *service, ttl int64) error {
	if len(s.Nodes) == 0 {
		return errors.New("a service needs a node")
	}
	for _, n := range s.Nodes {
		lease, err := e.client.Grant(ctx, ttl)
		if err != nil {
			return err
		}
		one := *s
		one.Nodes = []*node{n}
		stored, err := json.Marshal(one)
		if err != nil {
			return err
		}
		if _, err := e.client.Put(ctx, keyOf(s.Name, n.ID), string(stored), clientv3.WithLease(lease.ID)); err != nil {
			return err
		}
		renewed, err := e.client.KeepAlive(context.Background(), lease.ID)
		if err != nil {
			return err
		}
		go func() {
			for range renewed {
			}
		}()
	}
	return nil
}

func (e etcdRegistry) deregister(ctx context.Context, s *service) error {
	var errs []error
	for _, n := range s.Nodes {
		_, err := e.client.Delete(ctx, keyOf(s.Name, n.ID))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// getService merges the records of a service by version, sorted by it.
func (e etcdRegistry) getService(ctx context.Context, name string) ([]*service, error) {
	found, err := e.client.Get(ctx, keyOf(name)+"/", clientv3.WithPrefix(), clientv3.WithSerializable())
	if err != nil {
		return nil, err
	}
	versions := map[string]*service{}
	services := []*service{}
	for _, kv := range found.Kvs {
		read := parse(kv.Value)
		if read == nil {
			continue
		}
		merged, ok := versions[read.Version]
		if !ok {
			versions[read.Version] = read
			services = append(services, read)
			continue
		}
		merged.Nodes = append(merged.Nodes, read.Nodes...)
	}
	sort.Slice(services, func(i, j int) bool { return services[i].Version < services[j].Version })
	return services, nil
}

// parse ignores the error, as go-micro does: what could be read counts.
func parse(stored []byte) *service {
	var s *service
	_ = json.Unmarshal(stored, &s)
	return s
}

// decision is what go-micro makes of a value: the addresses of its nodes, and what Go writes for the service.
type decision struct {
	Addrs   []string `json:"addrs"`
	Written string   `json:"written"`
}

func decideAll(values [][]byte) (any, error) {
	decisions := []decision{}
	for _, stored := range values {
		decided := decision{Addrs: []string{}}
		if s := parse(stored); s != nil {
			for _, n := range s.Nodes {
				if n != nil && n.Address != "" {
					decided.Addrs = append(decided.Addrs, n.Address)
				}
			}
			written, err := json.Marshal(s)
			if err != nil {
				return nil, err
			}
			decided.Written = string(written)
		}
		decisions = append(decisions, decided)
	}
	return decisions, nil
}
