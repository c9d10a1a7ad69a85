// Command go-mutex is Go's concurrency.Mutex as a contestant of bench:lock. Commands are lines on stdin, replies are
// lines of JSON on stdout.
//
//	go-mutex 127.0.0.1:2379 name ttlSeconds
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

type holder struct {
	session *concurrency.Session
	mutex   *concurrency.Mutex
}

// program has one connection, and a session for each waiter: a session's second lock of a name would succeed at once.
type program struct {
	client   *clientv3.Client
	name     string
	ttl      int
	acquired chan holder
	held     holder
}

func main() {
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{os.Args[1]}})
	check(err)
	ttl, err := strconv.Atoi(os.Args[3])
	check(err)
	p := &program{client: client, name: os.Args[2], ttl: ttl, acquired: make(chan holder, 1)}
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		switch lines.Text() {
		case "wait":
			go p.lock()
			check(out.Encode(map[string]bool{"ok": true}))
		case "first":
			p.held = <-p.acquired
			check(out.Encode(map[string]bool{"ok": true}))
		case "handover":
			check(out.Encode(map[string]float64{"ms": p.handover()}))
		}
	}
}

func (p *program) lock() {
	session, err := concurrency.NewSession(p.client, concurrency.WithTTL(p.ttl))
	check(err)
	mutex := concurrency.NewMutex(session, p.name)
	check(mutex.Lock(context.Background()))
	p.acquired <- holder{session, mutex}
}

// handover returns the time from the release to the next holder. It returns when the session of the former one is closed.
func (p *program) handover() float64 {
	former := p.held
	begun := time.Now()
	closed := make(chan struct{})
	go func() {
		check(former.mutex.Unlock(context.Background()))
		check(former.session.Close())
		close(closed)
	}()
	p.held = <-p.acquired
	took := time.Since(begun)
	<-closed
	return float64(took.Nanoseconds()) / 1e6
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
