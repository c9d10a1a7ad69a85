package main

import (
	"net"

	"google.golang.org/grpc"
)

// whoPath is the method of the tests' servers; it returns the server's name as plain bytes.
const whoPath = "/naming.test.Who/Ask"

// serve starts a gRPC server that answers every call with its name, and returns its address.
func serve(name string) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := grpc.NewServer(grpc.ForceServerCodec(bare{}),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			var question []byte
			if err := stream.RecvMsg(&question); err != nil {
				return err
			}
			return stream.SendMsg([]byte(name))
		}))
	go server.Serve(listener)
	return listener.Addr().String(), nil
}

type bare struct{}

func (bare) Name() string                       { return "bare" }
func (bare) Marshal(v any) ([]byte, error)      { return v.([]byte), nil }
func (bare) Unmarshal(data []byte, v any) error { *v.(*[]byte) = append([]byte{}, data...); return nil }
