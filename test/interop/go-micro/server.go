package main

import (
	"context"
	"net"
	"sort"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// whoService is the service of the tests' servers; its method returns the server's name as plain bytes.
const whoService = "naming.test.Who"

type server struct {
	service  *service
	registry etcdRegistry
	grpc     *grpc.Server
}

// serve starts a gRPC server and registers it with the metadata and the endpoints that go-micro's gRPC server writes. Its
// calls are answered with the node's id.
func (e etcdRegistry) serve(ctx context.Context, r request) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	started := &server{registry: e, grpc: grpc.NewServer(grpc.ForceServerCodec(bare{}))}
	started.grpc.RegisterService(whoDesc(r.Node), nil)
	go func() { _ = started.grpc.Serve(listener) }()
	started.service = &service{
		Name:    r.Name,
		Version: r.Version,
		Endpoints: []*endpoint{{
			Name:     "Who.Ask",
			Request:  &value{Name: "Request", Type: "Request", Values: []*value{{Name: "name", Type: "string"}}},
			Response: &value{Name: "Response", Type: "Response"},
			Metadata: map[string]string{"stream": "false"},
		}},
		Nodes: []*node{{ID: r.Node, Address: listener.Addr().String(), Metadata: map[string]string{
			"broker": "http", "protocol": "grpc", "registry": "etcd", "server": "grpc", "transport": "grpc",
		}}},
	}
	if err := e.register(ctx, started.service, r.TTL); err != nil {
		started.grpc.Stop()
		return nil, err
	}
	return started, nil
}

func (s *server) stop(ctx context.Context) error {
	defer s.grpc.GracefulStop()
	return s.registry.deregister(ctx, s.service)
}

func whoDesc(name string) *grpc.ServiceDesc {
	ask := func(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		var question []byte
		return []byte(name), decode(&question)
	}
	return &grpc.ServiceDesc{
		ServiceName: whoService,
		HandlerType: (*any)(nil),
		Methods:     []grpc.MethodDesc{{MethodName: "Ask", Handler: ask}},
	}
}

// ask calls every node of a service, and returns the answers, sorted.
func (e etcdRegistry) ask(ctx context.Context, name string) ([]string, error) {
	services, err := e.getService(ctx, name)
	if err != nil {
		return nil, err
	}
	answers := []string{}
	for _, s := range services {
		for _, n := range s.Nodes {
			answer, err := askNode(ctx, n)
			if err != nil {
				return nil, err
			}
			answers = append(answers, answer)
		}
	}
	sort.Strings(answers)
	return answers, nil
}

func askNode(ctx context.Context, n *node) (string, error) {
	conn, err := grpc.NewClient("passthrough:///"+n.Address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithNoProxy(),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(bare{})))
	if err != nil {
		return "", err
	}
	defer conn.Close()
	var answer []byte
	err = conn.Invoke(ctx, "/"+whoService+"/Ask", []byte("who?"), &answer)
	return string(answer), err
}

type bare struct{}

func (bare) Name() string                       { return "bare" }
func (bare) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (bare) Unmarshal(data []byte, v any) error { *v.(*[]byte) = append([]byte{}, data...); return nil }
