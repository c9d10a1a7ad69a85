// Command go-parsers reports how Go parses addresses and targets, and with the argument `dial` what grpc-go dials for
// them. Each line on stdin is a JSON list of texts; each line on stdout is the list of results in the same order.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"
)

type reading struct {
	// As net.Dial splits an address; absent if it rejects the address.
	Host *string `json:"host,omitempty"`
	Port string  `json:"port,omitempty"`
	IsIP bool    `json:"isIP,omitempty"`
	// The service that etcd's resolver finds in a target; absent if grpc-go cannot parse it, or JSON cannot represent it.
	Service *string `json:"service,omitempty"`
	IsUTF8  bool    `json:"isUTF8"`
	// Absent if grpc-go cannot dial the text as an address, or was not asked.
	Dialled *dialled `json:"dialled,omitempty"`
}

func main() {
	withDial := len(os.Args) > 1 && os.Args[1] == "dial"
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := json.NewEncoder(os.Stdout)
	for lines.Scan() {
		var texts []string
		check(json.Unmarshal(lines.Bytes(), &texts))
		readings := make([]reading, len(texts))
		for i, text := range texts {
			readings[i] = read(text)
			if withDial {
				readings[i].Dialled = dial(text)
			}
		}
		check(out.Encode(readings))
	}
}

func read(text string) reading {
	var r reading
	if host, port, err := net.SplitHostPort(text); err == nil {
		_, err := netip.ParseAddr(host)
		r.Host, r.Port, r.IsIP = &host, port, err == nil
	}
	// grpc-go's parseTarget, and the first lines of Build in etcd's client/v3/naming/resolver.
	if target, err := url.Parse(text); err == nil {
		service := target.Path
		if service == "" {
			service = target.Opaque
		}
		service = strings.TrimPrefix(service, "/")
		if r.IsUTF8 = utf8.ValidString(service); r.IsUTF8 {
			r.Service = &service
		}
	}
	return r
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
