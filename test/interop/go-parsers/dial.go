package main

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
)

// What grpc-go dials for an endpoint's address.
type dialled struct {
	Network string `json:"network"`
	// As the system gets it, IP addresses in one spelling; or the name that DNS is asked for, and the port.
	Address string `json:"address"`
	// The address is an IP address to which no system connects by TCP.
	Unreachable bool `json:"unreachable,omitempty"`
}

var errStop = errors.New("stopped before any connection is made")

// The dial of grpc-go up to, but without, the system's call or the query to DNS; nil if it fails before.
func dial(text string) *dialled {
	network, address := parseDialTarget(text)
	var found *dialled
	resolver := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		found = &dialled{Network: network, Address: address}
		return nil, errStop
	}}
	dialer := net.Dialer{Resolver: resolver, Control: func(_, at string, _ syscall.RawConn) error {
		if found == nil {
			found = &dialled{Network: network, Address: at, Unreachable: isUnreachable(at)}
		}
		return errStop
	}}
	conn, err := dialer.Dial(network, address)
	if err == nil {
		conn.Close()
	}
	// This host may have no IPv6.
	var failed *net.OpError
	if found == nil && errors.As(err, &failed) && errors.Is(err, syscall.EAFNOSUPPORT) {
		at := failed.Addr.String()
		found = &dialled{Network: network, Address: at, Unreachable: isUnreachable(at)}
	}
	return found
}

func isUnreachable(address string) bool {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return false
	}
	ip := at.Addr().Unmap()
	isScopeless := ip.Is6() && ip.IsLinkLocalUnicast() && ip.Zone() == ""
	return ip.IsMulticast() || isScopeless || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255})
}

// ParseDialTarget of google.golang.org/grpc/internal/transport, v1.83.2.
func parseDialTarget(target string) (string, string) {
	network := "tcp"
	m1 := strings.Index(target, ":")
	m2 := strings.Index(target, ":/")
	if m1 >= 0 && m2 < 0 {
		if n := target[0:m1]; n == "unix" {
			return n, target[m1+1:]
		}
	}
	if m2 >= 0 {
		t, err := url.Parse(target)
		if err != nil {
			return network, target
		}
		if t.Scheme == "unix" {
			if t.Path == "" {
				return t.Scheme, t.Host
			}
			return t.Scheme, t.Path
		}
	}
	return network, target
}
