package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/protobuf/proto"

	"github.com/go-kratos/kratos/v2"
	"github.com/go-kratos/kratos/v2/transport"
	kratosgrpc "github.com/go-kratos/kratos/v2/transport/grpc"
	kratoshttp "github.com/go-kratos/kratos/v2/transport/http"

	"lines"
)

// whoService is the service of the tests' servers; its method returns the server's name as plain bytes.
const whoService = "naming.test.Who"

type application struct {
	app  *kratos.App
	done chan error
}

func (a *application) stop() error {
	return errors.Join(a.app.Stop(), <-a.done)
}

// serve runs an application of kratos, which registers itself, and returns its endpoints. Its calls are answered with the
// instance's id.
func (p *program) serve(ctx context.Context, r request) (any, error) {
	server := kratosgrpc.NewServer(kratosgrpc.Address("127.0.0.1:0"), kratosgrpc.Options(grpc.ForceServerCodec(bare{})))
	server.RegisterService(whoDesc(r.Instance.ID), nil)
	servers := []transport.Server{server}
	if r.HTTP {
		servers = append([]transport.Server{kratoshttp.NewServer(kratoshttp.Address("127.0.0.1:0"))}, servers...)
	}
	started := make(chan struct{})
	registry := *p.registry
	registry.ttl = r.TTL
	app := kratos.New(
		kratos.ID(r.Instance.ID), kratos.Name(r.Instance.Name), kratos.Version(r.Instance.Version),
		kratos.Metadata(r.Instance.Metadata), kratos.Server(servers...), kratos.Registrar(&registry),
		kratos.AfterStart(func(context.Context) error { close(started); return nil }))
	running := &application{app: app, done: make(chan error, 1)}
	go func() { running.done <- app.Run() }()
	select {
	case <-started:
		lines.Keep(r.ID, running)
		return app.Endpoint(), nil
	case err := <-running.done:
		return nil, fmt.Errorf("the application ended: %w", err)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func whoDesc(name string) *grpc.ServiceDesc {
	ask := func(_ any, ctx context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var question []byte
		return []byte(name), decode(&question)
	}
	return &grpc.ServiceDesc{
		ServiceName: whoService,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Ask", Handler: ask}},
	}
}

type channel struct{ conn *grpc.ClientConn }

// dial opens a channel as a user of kratos does.
func (p *program) dial(ctx context.Context, r request) error {
	conn, err := kratosgrpc.DialInsecure(ctx,
		kratosgrpc.WithEndpoint("discovery:///"+r.Service),
		kratosgrpc.WithDiscovery(p.registry),
		kratosgrpc.WithTimeout(10*time.Second),
		kratosgrpc.WithOptions(grpc.WithDefaultCallOptions(grpc.ForceCodec(bare{})), grpc.WithNoProxy()))
	if err != nil {
		return err
	}
	lines.Keep(r.ID, channel{conn})
	return nil
}

// call makes a number of calls, and counts the answers of each server and the errors by text.
func (p *program) call(r request) (any, error) {
	open, err := lines.Kept[channel](r.Of)
	if err != nil {
		return nil, err
	}
	answers, failures := map[string]int{}, map[string]int{}
	for range r.Count {
		one, cancel := context.WithTimeout(context.Background(), time.Duration(r.Deadline)*time.Millisecond)
		var name []byte
		if err := open.conn.Invoke(one, "/"+whoService+"/Ask", []byte("who?"), &name); err != nil {
			failures[err.Error()]++
		} else {
			answers[string(name)]++
		}
		cancel()
	}
	return map[string]any{"answers": answers, "failures": failures}, nil
}

// bare sends bytes as they are, and other messages as protobuf.
type bare struct{}

var _ encoding.Codec = bare{}

func (bare) Name() string { return "proto" }

func (bare) Marshal(v any) ([]byte, error) {
	if bytes, ok := v.([]byte); ok {
		return bytes, nil
	}
	return proto.Marshal(v.(proto.Message))
}

func (bare) Unmarshal(data []byte, v any) error {
	if bytes, ok := v.(*[]byte); ok {
		*bytes = append([]byte{}, data...)
		return nil
	}
	return proto.Unmarshal(data, v.(proto.Message))
}
