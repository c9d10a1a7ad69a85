package main

import (
	"os"
	"path/filepath"
	"slices"

	"go.uber.org/zap"
	"google.golang.org/protobuf/encoding/protowire"

	"go.etcd.io/etcd/server/v3/storage/datadir"
	"go.etcd.io/etcd/server/v3/storage/wal"
	"go.etcd.io/etcd/tests/v3/robustness/model"
	"go.etcd.io/etcd/tests/v3/robustness/report"
	"go.etcd.io/raft/v3/raftpb"
)

type walSummary struct {
	members, unreadable, v2Entries int
}

// Returns what the members have persisted, in order, as etcd's report reads it: the entries that most WALs agree on. The
// folders are copies; a WAL with a torn end is repaired.
func readPersisted(lg *zap.Logger, folder string) ([]model.EtcdRequest, walSummary, error) {
	var summary walSummary
	members, err := filepath.Glob(filepath.Join(folder, "server-*"))
	if err != nil {
		return nil, summary, err
	}
	scratch, err := os.MkdirTemp("", "judge-")
	if err != nil {
		return nil, summary, err
	}
	defer os.RemoveAll(scratch)
	dirs := []string{}
	for _, member := range members {
		dir, v2Entries, err := withoutV2(lg, member, filepath.Join(scratch, filepath.Base(member)))
		summary.members++
		summary.v2Entries += v2Entries
		if err != nil {
			lg.Error("the WAL cannot be read", zap.String("member", member), zap.Error(err))
			summary.unreadable++
		}
		dirs = append(dirs, dir)
	}
	persisted, err := report.PersistedRequests(lg, dirs)
	return persisted, summary, err
}

// Members of etcd before 3.6 write requests of the v2 API when they start, which the definitions of 3.7 cannot parse. They
// change nothing in the store that is judged. A WAL with such entries is copied to another folder, with empty ones in
// their place.
func withoutV2(lg *zap.Logger, member, copyTo string) (dir string, v2Entries int, err error) {
	state, entries, err := report.ReadWAL(lg, member)
	if err != nil {
		return member, 0, err
	}
	for _, entry := range entries {
		if entry.GetType() == raftpb.EntryNormal && isV2Request(entry.GetData()) {
			entry.Data = nil
			v2Entries++
		}
	}
	if v2Entries == 0 {
		return member, 0, nil
	}
	return copyTo, v2Entries, writeWAL(copyTo, state, entries)
}

func writeWAL(dir string, state *raftpb.HardState, entries []*raftpb.Entry) error {
	target := datadir.ToWALDir(dir)
	if err := os.MkdirAll(filepath.Dir(target), 0o700); err != nil {
		return err
	}
	log, err := wal.Create(zap.NewNop(), target, nil)
	if err != nil {
		return err
	}
	defer log.Close()
	return log.Save(state, entries)
}

// The methods of the v2 API that reach the WAL. Before 3.5, a check of /health is one too.
var v2Methods = []string{"PUT", "POST", "DELETE", "QGET", "SYNC"}

// The first fields of a v2 request are an id and a method; in a v3 request, the second one is not in use.
func isV2Request(data []byte) bool {
	number, kind, n := protowire.ConsumeTag(data)
	if n < 0 || number != 1 || kind != protowire.VarintType {
		return false
	}
	length := protowire.ConsumeFieldValue(number, kind, data[n:])
	if length < 0 {
		return false
	}
	data = data[n+length:]
	number, kind, n = protowire.ConsumeTag(data)
	if n < 0 || number != 2 || kind != protowire.BytesType {
		return false
	}
	method, length := protowire.ConsumeBytes(data[n:])
	return length > 0 && slices.Contains(v2Methods, string(method))
}
