package main

import (
	"bufio"
	"encoding/json"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// order is what the test asks for: take the lock, change the counter, release the lock.
type order struct {
	ID      int64  `json:"id"`
	Name    string `json:"name"`
	Counter string `json:"counter"` // the path of a file
	TTL     int    `json:"ttlSeconds"`
	PauseMs int    `json:"pauseMs"` // between the read and the write
	Gated   bool   `json:"gated"`   // waits for "proceed" between the read and the write
	Proceed bool   `json:"proceed"` // not an order: continue with the write
}

type report struct {
	ID    int64  `json:"id"`
	Event string `json:"event"`
	At    string `json:"at,omitempty"` // nanoseconds of the machine's monotonic clock
	Token string `json:"token,omitempty"`
	Count int    `json:"count"`
	Error string `json:"error,omitempty"`
}

type control struct {
	conn   net.Conn
	mu     sync.Mutex
	orders chan order
	gate   chan int64
}

func dial(address string) (*control, error) {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return nil, err
	}
	c := &control{conn: conn, orders: make(chan order, 1), gate: make(chan int64, 1)}
	go c.read()
	return c, nil
}

// read ends the process with the connection: the test has ended.
func (c *control) read() {
	lines := bufio.NewScanner(c.conn)
	for lines.Scan() {
		var o order
		if json.Unmarshal(lines.Bytes(), &o) != nil {
			break
		}
		if o.Proceed {
			c.gate <- o.ID
		} else {
			c.orders <- o
		}
	}
	os.Exit(0)
}

func (c *control) report(r report) {
	line, _ := json.Marshal(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, err := c.conn.Write(append(line, '\n')); err != nil {
		os.Exit(0)
	}
}

// count is the critical section: it changes the counter in a way that loses an update if another process does the same.
func (c *control) count(o order, token int64) error {
	at := monotonic()
	count, err := readCounter(o.Counter)
	if err != nil {
		return err
	}
	c.report(report{ID: o.ID, Event: "acquired", At: at, Token: strconv.FormatInt(token, 10), Count: count})
	if o.Gated {
		<-c.gate
	}
	time.Sleep(time.Duration(o.PauseMs) * time.Millisecond)
	if err := os.WriteFile(o.Counter, []byte(strconv.Itoa(count+1)), 0o644); err != nil {
		return err
	}
	c.report(report{ID: o.ID, Event: "left", At: monotonic(), Count: count + 1})
	return nil
}

func readCounter(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

func monotonic() string {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	return strconv.FormatInt(now.Nano(), 10)
}
