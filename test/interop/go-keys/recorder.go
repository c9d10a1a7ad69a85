package main

import (
	"context"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"
)

// The requests of a client that has no server: the last range that was read, and the last key that was put.
type requests struct {
	clientv3.KV
	read *keys
	put  []byte
}

func recordingClient() (*clientv3.Client, *requests) {
	client, recorded := clientv3.NewCtxClient(context.Background()), &requests{}
	client.KV = recorded
	client.Watcher = noWatcher{}
	return client, recorded
}

func (r *requests) Get(_ context.Context, key string, opts ...clientv3.OpOption) (*clientv3.GetResponse, error) {
	op := clientv3.OpGet(key, opts...)
	r.read = &keys{From: op.KeyBytes(), To: op.RangeBytes()}
	return &clientv3.GetResponse{Header: &pb.ResponseHeader{Revision: 1}}, nil
}

type transaction struct {
	clientv3.Txn
	recorded *requests
}

func (r *requests) Txn(context.Context) clientv3.Txn { return transaction{recorded: r} }

func (t transaction) Then(ops ...clientv3.Op) clientv3.Txn {
	t.recorded.put = ops[len(ops)-1].KeyBytes()
	return t
}

func (t transaction) Commit() (*clientv3.TxnResponse, error) { return &clientv3.TxnResponse{}, nil }

// A watch that ends at once.
type noWatcher struct{ clientv3.Watcher }

func (noWatcher) Watch(context.Context, string, ...clientv3.OpOption) clientv3.WatchChan {
	closed := make(chan clientv3.WatchResponse)
	close(closed)
	return closed
}
