// Command gozero registers and calls services with go-zero's own packages on behalf of the tests. Requests are lines of
// JSON on stdin; replies are lines of JSON on stdout. The second argument is the time to live of the leases, in seconds.
//
//	gozero 127.0.0.1:2379 10
package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/zeromicro/go-zero/core/discov"
	"github.com/zeromicro/go-zero/core/logx"
	"github.com/zeromicro/go-zero/zrpc/resolver"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"lines"
)

type request struct {
	ID    int64  `json:"id"`
	Cmd   string `json:"cmd"`
	Of    int64  `json:"of"`    // the request that started a server, a subscriber or a channel
	Key   string `json:"key"`   // of go-zero's configuration
	Name  string `json:"name"`  // of a server
	KeyID int64  `json:"keyId"` // the ID of go-zero's configuration
	Count int    `json:"count"`
}

var endpoints []string

func main() {
	logx.SetWriter(logx.NewWriter(os.Stderr))
	endpoints = strings.Split(os.Args[1], ",")
	ttl, err := strconv.ParseInt(os.Args[2], 10, 64)
	if err != nil {
		panic(err)
	}
	discov.TimeToLive = ttl
	resolver.Register()
	lines.Serve(func(r request) int64 { return r.ID }, do, nil)
}

func do(r request) (any, error) {
	switch r.Cmd {
	case "publish":
		return publish(r)
	case "stop":
		publisher, err := lines.Kept[*discov.Publisher](r.Of)
		if err == nil {
			publisher.Stop()
		}
		return nil, err
	case "subscribe":
		sub, err := discov.NewSubscriber(endpoints, r.Key)
		if err == nil {
			lines.Keep(r.ID, sub)
		}
		return nil, err
	case "values":
		sub, err := lines.Kept[*discov.Subscriber](r.Of)
		if err != nil {
			return nil, err
		}
		return append([]string{}, sub.Values()...), nil
	case "dial":
		return nil, dial(r)
	case "call":
		conn, err := lines.Kept[*grpc.ClientConn](r.Of)
		if err != nil {
			return nil, err
		}
		return call(conn, r.Count)
	}
	return nil, errors.New("no such command: " + r.Cmd)
}

// publish starts a server and registers it as zrpc does; it returns the server's address.
func publish(r request) (string, error) {
	addr, err := serve(r.Name)
	if err != nil {
		return "", err
	}
	var options []discov.PubOption
	if r.KeyID > 0 {
		options = append(options, discov.WithId(r.KeyID))
	}
	publisher := discov.NewPublisher(endpoints, r.Key, addr, options...)
	lines.Keep(r.ID, publisher)
	return addr, publisher.KeepAlive()
}

// dial opens a channel with the target that zrpc builds from its configuration.
func dial(r request) error {
	conn, err := grpc.NewClient(resolver.BuildDiscovTarget(endpoints, r.Key),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bare{})))
	if err == nil {
		lines.Keep(r.ID, conn)
	}
	return err
}

// call makes a number of calls, and returns the answers of each server and the errors by text.
func call(conn *grpc.ClientConn, count int) (map[string]int, error) {
	answers := map[string]int{}
	for range count {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		var name []byte
		if err := conn.Invoke(ctx, whoPath, []byte("who?"), &name); err != nil {
			name = []byte(err.Error())
		}
		cancel()
		answers[string(name)]++
	}
	return answers, nil
}
