package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"

	"github.com/coredns/coredns/plugin/etcd/msg"
)

// decideAll reads values from stdin, one line of base64 each. It answers with "-" if the etcd plugin rejects the value,
// else with the base64 of Go's own JSON of the decoded value.
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

// decide decodes a value as loopNodes does.
//
// Specification: https://github.com/coredns/coredns/blob/v1.15.0/plugin/etcd/etcd.go#L143-L146
func decide(line []byte) string {
	value, err := base64.StdEncoding.AppendDecode(nil, line)
	check(err)
	service := new(msg.Service)
	if json.Unmarshal(value, service) != nil {
		return "-"
	}
	again, err := json.Marshal(service)
	check(err)
	return base64.StdEncoding.EncodeToString(again)
}
