// Command election takes part in an election with concurrency.Election, on behalf of the tests. It writes lines of JSON,
// and ends with its standard input.
//
//	election campaign 127.0.0.1:2379 NAME VALUE TTL   campaigns, then obeys the lines "proclaim VALUE" and "resign"
//	election observe  127.0.0.1:2379 NAME             writes each leader that Observe reports
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
)

type line struct {
	Event string `json:"event"`
	Key   string `json:"key,omitempty"`
	Value string `json:"value,omitempty"`
	Rev   int64  `json:"rev,omitempty"`
	Error string `json:"error,omitempty"`
}

func write(l line) {
	text, _ := json.Marshal(l)
	fmt.Println(string(text))
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	client, err := clientv3.New(clientv3.Config{Endpoints: strings.Split(args[1], ",")})
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	orders := make(chan string)
	go func() {
		defer close(orders)
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			orders <- in.Text()
		}
	}()
	ttl := 60
	if args[0] == "campaign" {
		if ttl, err = strconv.Atoi(args[4]); err != nil {
			return err
		}
	}
	session, err := concurrency.NewSession(client, concurrency.WithTTL(ttl))
	if err != nil {
		return err
	}
	defer session.Close()
	election := concurrency.NewElection(session, args[2])
	if args[0] == "observe" {
		go observe(ctx, election)
		for range orders {
		}
		return nil
	}
	go campaign(ctx, election, args[3])
	for order := range orders {
		obey(ctx, election, order)
	}
	return nil
}

func observe(ctx context.Context, election *concurrency.Election) {
	for response := range election.Observe(ctx) {
		kv := response.Kvs[0]
		write(line{Event: "leader", Key: string(kv.Key), Value: string(kv.Value), Rev: kv.CreateRevision})
	}
	write(line{Event: "closed"})
}

func campaign(ctx context.Context, election *concurrency.Election, value string) {
	if err := election.Campaign(ctx, value); err != nil {
		write(line{Event: "failed", Error: err.Error()})
		return
	}
	write(line{Event: "elected", Key: election.Key(), Rev: election.Rev()})
}

func obey(ctx context.Context, election *concurrency.Election, order string) {
	verb, value, _ := strings.Cut(order, " ")
	var err error
	switch verb {
	case "proclaim":
		err = election.Proclaim(ctx, value)
	case "resign":
		err = election.Resign(ctx)
	default:
		err = fmt.Errorf("unknown order %q", order)
	}
	if err != nil {
		write(line{Event: "failed", Error: err.Error()})
		return
	}
	write(line{Event: verb + "ed"})
}
