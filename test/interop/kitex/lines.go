package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

var (
	mu     sync.Mutex
	things = map[int64]any{}
)

// serveLines answers each request on stdin by a line on stdout.
func serveLines(do func(request) (any, error)) {
	out := json.NewEncoder(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			fmt.Fprintln(os.Stderr, "not a request:", err)
			os.Exit(1)
		}
		go answer(r, do, out)
	}
}

func answer(r request, do func(request) (any, error), out *json.Encoder) {
	result, err := do(r)
	reply := map[string]any{"id": r.ID, "result": result}
	if err != nil {
		reply = map[string]any{"id": r.ID, "error": err.Error()}
	}
	mu.Lock()
	defer mu.Unlock()
	if err := out.Encode(reply); err != nil {
		os.Exit(0) // the test process has exited
	}
}

// begin keeps what a request started for later requests.
func begin(id int64, thing any) {
	mu.Lock()
	defer mu.Unlock()
	things[id] = thing
}

func begun[T any](id int64) T {
	mu.Lock()
	defer mu.Unlock()
	return things[id].(T)
}
