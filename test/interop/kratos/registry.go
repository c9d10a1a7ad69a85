package main

import (
	"context"
	"encoding/json"
	"errors"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/go-kratos/kratos/v2/registry"
)

// etcdRegistry stores and reads instances under the keys and with the values of kratos's contrib/registry/etcd, which is a
// module of its own and not used here:
// https://github.com/go-kratos/kratos/blob/16c2f395956682fd4618cefb32ce0362018653f2/contrib/registry/etcd/registry.go
type etcdRegistry struct {
	client    *clientv3.Client
	namespace string
	ttl       int64 // in seconds
}

func (e *etcdRegistry) prefix(service string) string { return e.namespace + "/" + service }

func (e *etcdRegistry) key(in *registry.ServiceInstance) string {
	return e.prefix(in.Name) + "/" + in.ID
}

func (e *etcdRegistry) Register(ctx context.Context, in *registry.ServiceInstance) error {
	value, err := json.Marshal(in)
	if err != nil {
		return err
	}
	lease, err := e.client.Grant(ctx, e.ttl)
	if err != nil {
		return err
	}
	if _, err := e.client.Put(ctx, e.key(in), string(value), clientv3.WithLease(lease.ID)); err != nil {
		return err
	}
	renewed, err := e.client.KeepAlive(context.Background(), lease.ID)
	go func() {
		for range renewed {
		}
	}()
	return err
}

func (e *etcdRegistry) Deregister(ctx context.Context, in *registry.ServiceInstance) error {
	_, err := e.client.Delete(ctx, e.key(in))
	return err
}

// GetService reads every key that begins with the service's name, without a slash after it. One value that is not an
// instance makes the whole list fail.
func (e *etcdRegistry) GetService(ctx context.Context, service string) ([]*registry.ServiceInstance, error) {
	found, err := e.client.Get(ctx, e.prefix(service), clientv3.WithPrefix())
	if err != nil {
		return nil, err
	}
	instances := []*registry.ServiceInstance{}
	for _, kv := range found.Kvs {
		in, err := parse(kv.Value)
		if err != nil {
			return nil, err
		}
		if in.Name == service {
			instances = append(instances, in)
		}
	}
	return instances, nil
}

// parse fails for null, which gives kratos a nil instance that it then uses.
func parse(value []byte) (in *registry.ServiceInstance, err error) {
	if err := json.Unmarshal(value, &in); err != nil {
		return nil, err
	}
	if in == nil {
		return nil, errors.New("the instance is nil")
	}
	return in, nil
}

func (e *etcdRegistry) Watch(ctx context.Context, service string) (registry.Watcher, error) {
	ctx, cancel := context.WithCancel(ctx)
	changes := e.client.Watch(ctx, e.prefix(service), clientv3.WithPrefix())
	return &watcher{registry: e, service: service, ctx: ctx, cancel: cancel, changes: changes}, nil
}

// watcher lists the service again after each change.
type watcher struct {
	registry *etcdRegistry
	service  string
	ctx      context.Context
	cancel   context.CancelFunc
	changes  clientv3.WatchChan
	listed   bool
}

func (w *watcher) Next() ([]*registry.ServiceInstance, error) {
	if w.listed {
		select {
		case <-w.ctx.Done():
			return nil, w.ctx.Err()
		case <-w.changes:
		}
	}
	w.listed = true
	return w.registry.GetService(w.ctx, w.service)
}

func (w *watcher) Stop() error {
	w.cancel()
	return nil
}
