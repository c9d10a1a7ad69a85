package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
)

// decideAll reads values from stdin, one line of base64 each. It answers with "-" if Go rejects the value, else with
// the base64 of Go's own JSON of the decoded value.
func decideAll() {
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		out.WriteString(decide(bytes.TrimSuffix(line, []byte{'\n'})))
		out.WriteByte('\n')
		if lines.Buffered() == 0 {
			check(out.Flush())
		}
	}
}

func decide(line []byte) string {
	value, err := base64.StdEncoding.AppendDecode(nil, line)
	check(err)
	var read update
	if json.Unmarshal(value, &read) != nil {
		return "-"
	}
	again, err := json.Marshal(struct {
		Addr     string
		Metadata any
	}{read.Addr, read.Metadata})
	check(err)
	return base64.StdEncoding.EncodeToString(again)
}
