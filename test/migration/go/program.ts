import type { GoKind } from './case.js';

/** A row of the page for the Go program: its code, and what the code returns. */
export interface GoRow {
  readonly code: string;
  readonly kind: GoKind;
}

/** How a kind of code becomes statements that return a value and an error. */
const bodies: Readonly<Record<GoKind, (code: string) => string>> = {
  pair: (code) => `return ${code}`,
  error: (code) => `return nil, ${code}`,
  value: (code) => `return ${code}, nil`,
  text: (code) => `return ${code}.Error(), nil`,
  made: (code) => `made, err := ${code}\nreturn fmt.Sprintf("%T", made), err`,
  type: (code) => `return fmt.Sprintf("%T", ${code}), nil`,
  call: (code) => `${code}\nreturn nil, nil`,
  channel: (code) => `return <-${code}, nil`,
  'channel or error': (code) =>
    `channel, err := ${code}\nif err != nil { return nil, err }\nreturn <-channel, nil`,
  client: (code) =>
    `made, err := ${code}\nif err != nil { return nil, err }\ndefer made.Close()\nreturn made.Get(ctx, "k")`,
};

/**
 * A program that runs the row with the number in its second argument; the first is the etcd's `host:port`. Without a
 * second argument it runs the example.
 */
export function goProgramOf(example: string, rows: readonly GoRow[]): string {
  const functions = rows.map(
    ({ code, kind }, i) => `func row${i}(s *scene) (any, error) {\n${names}\n${bodies[kind](code)}\n}\n`,
  );
  const table = rows.map((_, i) => `row${i}`).join(', ');
  return `${head}\nfunc example(ctx context.Context) {\n${example}}\n\nvar rows = []func(*scene) (any, error){${table}}\n\n${functions.join('\n')}`;
}

const names = `client, ctx, leaseID, revision, manager := s.client, s.ctx, s.leaseID, s.revision, s.manager
session, mutex, election, opts, password := s.session, s.mutex, s.election, s.opts, s.password
use(client, ctx, leaseID, revision, manager, session, mutex, election, opts, password)`;

const head = `package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"go.etcd.io/etcd/api/v3/v3rpc/rpctypes"
	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.etcd.io/etcd/client/v3/namespace"
	"go.etcd.io/etcd/client/v3/naming/endpoints"
	"go.etcd.io/etcd/client/v3/naming/resolver"
	"go.uber.org/zap"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Not every page uses every package.
var _ = []any{tls.Config{}, rpctypes.ErrCompacted, namespace.NewKV, resolver.NewBuilder, zap.NewNop, time.Second}

type scene struct {
	client   *clientv3.Client
	ctx      context.Context
	leaseID  clientv3.LeaseID
	revision int64
	manager  endpoints.Manager
	session  *concurrency.Session
	mutex    *concurrency.Mutex
	election *concurrency.Election
	opts     []grpc.DialOption
	password string
}

func use(...any) {}

// main prints the result or the error of one row as JSON: program host:port row leaseID revision password names
func main() {
	if len(os.Args) == 2 {
		example(context.Background())
		return
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{os.Args[1]}})
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	row, _ := strconv.Atoi(os.Args[2])
	lease, _ := strconv.ParseInt(os.Args[3], 10, 64)
	s := &scene{client: client, ctx: ctx, leaseID: clientv3.LeaseID(lease), password: os.Args[5]}
	s.revision, _ = strconv.ParseInt(os.Args[4], 10, 64)
	s.opts = []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	s.manager, err = endpoints.NewManager(client, "svc")
	check(err)
	prepare(s, strings.Split(os.Args[6], ","))
	result, err := rows[row](s)
	reply := map[string]any{"result": result}
	if err != nil {
		reply = map[string]any{"error": err.Error()}
	}
	check(json.NewEncoder(os.Stdout).Encode(reply))
}

// prepare makes what the row's code names.
func prepare(s *scene, names []string) {
	var err error
	for _, name := range names {
		switch name {
		case "session", "mutex", "election":
			s.session, err = concurrency.NewSession(s.client, concurrency.WithLease(s.leaseID))
			check(err)
		}
		switch name {
		case "mutex":
			s.mutex = concurrency.NewMutex(s.session, "lock")
			check(s.mutex.Lock(s.ctx))
		case "election":
			s.election = concurrency.NewElection(s.session, "job")
			check(s.election.Campaign(s.ctx, "a"))
		}
	}
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
`;
