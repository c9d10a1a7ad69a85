package main

import (
	"context"
	"encoding/json"
	"strconv"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
)

type operation struct {
	Op   string `json:"op"`
	Key  string `json:"key"`
	Addr string `json:"addr"`
	// Metadata is JSON in a string, so that the transport does not change it.
	Metadata string `json:"metadata"`
	// Typed stores metadata as a Go struct instead of a map.
	Typed bool   `json:"typed"`
	Lease string `json:"lease"`
}

// typedMetadata has members in non-alphabetical order, which Go keeps.
type typedMetadata struct {
	Zone   string            `json:"zone"`
	Weight int64             `json:"weight"`
	Active bool              `json:"active,omitempty"`
	Labels map[string]string `json:"labels"`
	Exact  uint64
	Bytes  []byte
}

func (p *program) update(ctx context.Context, r request) error {
	manager, err := endpoints.NewManager(p.client, r.Target)
	if err != nil {
		return err
	}
	updates := make([]*endpoints.UpdateWithOpts, 0, len(r.Ops))
	for _, op := range r.Ops {
		updates = append(updates, op.toGo())
	}
	return manager.Update(ctx, updates)
}

func (op operation) toGo() *endpoints.UpdateWithOpts {
	switch op.Op {
	case "add":
		endpoint := endpoints.Endpoint{Addr: op.Addr}
		if op.Metadata != "" {
			_ = json.Unmarshal([]byte(op.Metadata), &endpoint.Metadata)
		}
		if op.Typed {
			endpoint.Metadata = typedMetadata{
				Zone: "eu", Weight: 3, Labels: map[string]string{"b": "<2>", "a": "1"}, Exact: 1<<63 + 1, Bytes: []byte{0, 255},
			}
		}
		if op.Lease == "" {
			return endpoints.NewAddUpdateOpts(op.Key, endpoint)
		}
		return endpoints.NewAddUpdateOpts(op.Key, endpoint, clientv3.WithLease(leaseID(op.Lease)))
	case "delete":
		return endpoints.NewDeleteUpdateOpts(op.Key)
	}
	return &endpoints.UpdateWithOpts{Update: endpoints.Update{Op: 255, Key: op.Key}}
}

func (p *program) list(ctx context.Context, r request) (any, error) {
	manager, err := endpoints.NewManager(p.client, r.Target)
	if err != nil {
		return nil, err
	}
	found, err := manager.List(ctx)
	if err != nil {
		return nil, err
	}
	records := make([]map[string]any, 0, len(found))
	for key, endpoint := range found {
		records = append(records, map[string]any{"key": key, "addr": endpoint.Addr, "metadata": endpoint.Metadata})
	}
	return records, nil
}

type watching struct{ cancel context.CancelFunc }

func (w watching) close() { w.cancel() }

func (p *program) watch(r request) error {
	manager, err := endpoints.NewManager(p.client, r.Target)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	batches, err := manager.NewWatchChannel(ctx)
	if err != nil {
		cancel()
		return err
	}
	p.begin(r.ID, watching{cancel})
	go func() {
		for batch := range batches {
			updates := make([]map[string]any, 0, len(batch))
			for _, one := range batch {
				op := "add"
				if one.Op == endpoints.Delete {
					op = "delete"
				}
				updates = append(updates, map[string]any{
					"op": op, "key": one.Key, "addr": one.Endpoint.Addr, "metadata": one.Endpoint.Metadata,
				})
			}
			p.report(r.ID, "batch", map[string]any{"updates": updates})
		}
		p.report(r.ID, "closed", map[string]any{})
	}()
	return nil
}

func (p *program) grant(ctx context.Context, r request) (any, error) {
	granted, err := p.client.Grant(ctx, r.TTL)
	if err != nil {
		return nil, err
	}
	return strconv.FormatInt(int64(granted.ID), 10), nil
}

func leaseID(text string) clientv3.LeaseID {
	id, _ := strconv.ParseInt(text, 10, 64)
	return clientv3.LeaseID(id)
}
