// Command lock changes a counter under a lock, on behalf of the tests. Orders and reports are lines of JSON on a
// connection to the test, whose address is in LOCK_CONTROL.
//
//	lock mutex 127.0.0.1:2379   takes the lock with concurrency.Mutex, once for each order
//	lock section                is the command of "etcdctl lock": it has the lock, and its order is in LOCK_ORDER
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	control, err := dial(os.Getenv("LOCK_CONTROL"))
	if err != nil {
		return err
	}
	if args[0] == "section" {
		return section(control)
	}
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(args[1], ",")})
	if err != nil {
		return err
	}
	for o := range control.orders {
		if err := mutex(control, client, o); err != nil {
			control.report(report{ID: o.ID, Event: "failed", Error: err.Error()})
		}
	}
	return nil
}

func section(control *control) error {
	var o order
	if err := json.Unmarshal([]byte(os.Getenv("LOCK_ORDER")), &o); err != nil {
		return err
	}
	token, err := strconv.ParseInt(os.Getenv("ETCD_LOCK_REV"), 10, 64)
	if err != nil {
		return err
	}
	return control.count(o, token)
}

func mutex(control *control, client *clientv3.Client, o order) error {
	ctx := context.Background()
	session, err := concurrency.NewSession(client, concurrency.WithTTL(o.TTL))
	if err != nil {
		return err
	}
	defer session.Close()
	m := concurrency.NewMutex(session, o.Name)
	if err := m.Lock(ctx); err != nil {
		return err
	}
	if err := control.count(o, m.Header().Revision); err != nil {
		return err
	}
	if err := m.Unlock(ctx); err != nil {
		return err
	}
	control.report(report{ID: o.ID, Event: "released"})
	return nil
}
