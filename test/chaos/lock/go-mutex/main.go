// Command gomutex is a worker of the chaos run that uses Go's concurrency.Mutex as its documentation shows. Its
// argument is the configuration and its stdout the reports of test/chaos/lock/messages.ts.
//
//	gomutex '{"endpoints":["127.0.0.1:2379"],...}'
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"
)

type config struct {
	Endpoints   []string `json:"endpoints"`
	Incarnation string   `json:"incarnation"`
	Names       []string `json:"names"`
	Seed        int64    `json:"seed"`
	TTLSeconds  int      `json:"ttlSeconds"`
	Loops       int      `json:"loops"`
}

type report map[string]any

var (
	out      sync.Mutex
	requests atomic.Int64
	draining atomic.Bool
)

func main() {
	var c config
	if err := json.Unmarshal([]byte(os.Args[1]), &c); err != nil {
		panic(err)
	}
	client, err := clientv3.New(clientv3.Config{
		Endpoints:            c.Endpoints,
		DialKeepAliveTime:    5 * time.Second,
		DialKeepAliveTimeout: 2 * time.Second,
		Logger:               zap.NewNop(),
	})
	if err != nil {
		panic(err)
	}
	go readCommands()
	var loops sync.WaitGroup
	for i := range c.Loops {
		loops.Add(1)
		go func() {
			defer loops.Done()
			(&loop{config: c, client: client, random: rand.New(rand.NewSource(c.Seed*31 + int64(i)))}).run()
		}()
	}
	loops.Wait()
	write(report{"type": "drained", "at": now()})
	select {}
}

func readCommands() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		if lines.Text() == "drain" {
			draining.Store(true)
		}
	}
	os.Exit(0) // the run has ended
}

func write(r report) {
	line, _ := json.Marshal(r)
	out.Lock()
	defer out.Unlock()
	os.Stdout.Write(append(line, '\n'))
}

// now is the machine's monotonic clock in milliseconds, which all processes share.
func now() float64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err)
	}
	return float64(t.Nano()) / 1e6
}

// loop takes a lock, uses it and releases it, again and again, with one session as long as that lives.
type loop struct {
	config
	client  *clientv3.Client
	random  *rand.Rand
	session *concurrency.Session
}

func (l *loop) run() {
	for !draining.Load() {
		if l.session == nil || isDone(l.session) {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			lease, err := l.client.Grant(ctx, int64(l.TTLSeconds))
			cancel()
			if err != nil {
				continue
			}
			l.session, err = concurrency.NewSession(l.client, concurrency.WithTTL(l.TTLSeconds), concurrency.WithLease(lease.ID))
			if err != nil {
				l.session = nil
				continue
			}
		}
		l.once(requests.Add(1), l.Names[l.random.Intn(len(l.Names))])
		time.Sleep(time.Duration(l.random.Intn(60)) * time.Millisecond)
	}
	if l.session != nil {
		l.session.Close()
	}
}

func isDone(s *concurrency.Session) bool {
	select {
	case <-s.Done():
		return true
	default:
		return false
	}
}

func (l *loop) once(request int64, name string) {
	write(report{"type": "waiting", "request": request, "name": name, "at": now()})
	mutex := concurrency.NewMutex(l.session, name)
	key := fmt.Sprintf("%s/%x", name, l.session.Lease())
	write(report{"type": "queued", "request": request, "key": key, "at": now()})
	ctx, cancel := context.Background(), func() {}
	if l.random.Intn(5) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(100+l.random.Intn(3000))*time.Millisecond)
	}
	err := mutex.Lock(ctx)
	cancel()
	if err != nil {
		write(report{"type": "failed", "request": request, "at": now(), "error": err.Error()})
		return
	}
	l.use(request, name, mutex)
}

func (l *loop) use(request int64, name string, mutex *concurrency.Mutex) {
	until := now() + l.holdMs()
	write(report{
		"type": "acquired", "request": request, "key": mutex.Key(), "at": now(), "until": until,
		"lease": strconv.FormatInt(int64(l.session.Lease()), 10),
		"token": strconv.FormatInt(mutex.Header().Revision, 10),
	})
	s := samples{request: request}
	reported := 0.0
	for turn := 0; ; {
		s.take(l.session)
		if s.lost || now() >= until {
			break
		}
		if now()-reported > 40 {
			s.report()
			reported = now()
		}
		if l.random.Float64() < 0.2 {
			l.write(request, name, turn, mutex)
			turn++
		}
		time.Sleep(time.Duration(1+l.random.Intn(20)) * time.Millisecond)
	}
	s.report()
	if s.lost {
		write(report{"type": "lost", "request": request, "at": now(), "reason": "Done"})
	} else {
		write(report{"type": "releasing", "request": request, "at": now()})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	err := mutex.Unlock(ctx)
	cancel()
	if s.lost {
		return
	}
	released := report{"type": "released", "request": request, "at": now()}
	if err != nil {
		released["error"] = err.Error()
		// Its key may be left; the session is given up, as a careful user would.
		l.session.Close()
	}
	write(released)
}

func (l *loop) holdMs() float64 {
	switch choice := l.random.Intn(100); {
	case choice < 75:
		return float64(10 + l.random.Intn(240))
	case choice < 95:
		return float64(1000 + l.random.Intn(3000))
	default:
		return float64(4000 + l.random.Intn(4000))
	}
}

func (l *loop) write(request int64, name string, turn int, mutex *concurrency.Mutex) {
	value := fmt.Sprintf("%s/%d/%d", l.Incarnation, request, turn)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	result, err := l.client.Txn(ctx).If(mutex.IsOwner()).Then(clientv3.OpPut("log/"+name, value)).Commit()
	wrote := report{"type": "wrote", "request": request, "value": value, "at": now(), "outcome": "applied"}
	if err != nil {
		wrote["outcome"], wrote["error"] = "unknown", err.Error()
	} else if !result.Succeeded {
		wrote["outcome"] = "refused"
	}
	write(wrote)
}

// samples reads whether the session is done, the only state that a holder has, between two readings of the clock.
type samples struct {
	request     int64
	first, last []float64
	count       int
	lost        bool
}

func (s *samples) take(session *concurrency.Session) {
	from := now()
	done := isDone(session)
	span := []float64{from, now()}
	s.count++
	if done {
		s.lost = true
		return
	}
	if s.first == nil {
		s.first = span
	}
	s.last = span
}

func (s *samples) report() {
	held := report{"type": "held", "request": s.request, "samples": s.count, "again": 0, "unaborted": 0}
	if s.first != nil {
		held["first"], held["last"] = s.first, s.last
	}
	write(held)
}
