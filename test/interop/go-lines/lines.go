// Package lines is the protocol between the tests and their Go programs: a line of JSON on stdin is a request, and a line
// of JSON on stdout is the reply with the id of its request.
package lines

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

var (
	mu   sync.Mutex
	kept = map[int64]any{}
	out  = json.NewEncoder(os.Stdout)
)

// Serve answers each request, several at once, until stdin ends. codeOf returns the code of an error; nil for none.
func Serve[R any](idOf func(R) int64, do func(R) (any, error), codeOf func(error) string) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var request R
		if err := json.Unmarshal(lines.Bytes(), &request); err != nil {
			fmt.Fprintln(os.Stderr, "not a request:", err)
			os.Exit(1)
		}
		go func() {
			result, err := do(request)
			reply := map[string]any{"id": idOf(request), "result": result}
			if err != nil {
				reply = map[string]any{"id": idOf(request), "error": err.Error()}
				if codeOf != nil {
					reply["code"] = codeOf(err)
				}
			}
			write(reply)
		}()
	}
}

func write(reply map[string]any) {
	mu.Lock()
	defer mu.Unlock()
	if err := out.Encode(reply); err != nil {
		os.Exit(0) // the test process has exited
	}
}

// Keep keeps what a request started, for later requests.
func Keep(id int64, thing any) {
	mu.Lock()
	defer mu.Unlock()
	kept[id] = thing
}

// Kept returns what a request kept.
func Kept[T any](id int64) (T, error) {
	mu.Lock()
	defer mu.Unlock()
	thing, ok := kept[id].(T)
	if !ok {
		return thing, fmt.Errorf("request %d started no %T", id, thing)
	}
	return thing, nil
}
