// Command coredns runs CoreDNS's own server with the plugins etcd and bind. It reads a Corefile from the standard input,
// prints the address of the server's UDP socket, and runs until it is killed. With the argument `decide`, it decodes
// values as the etcd plugin does.
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/coredns/caddy"
	"github.com/coredns/coredns/core/dnsserver"
	_ "github.com/coredns/coredns/plugin/bind"
	_ "github.com/coredns/coredns/plugin/etcd"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "decide" {
		decideAll()
		return
	}
	corefile, err := io.ReadAll(os.Stdin)
	check(err)
	caddy.Quiet = true
	dnsserver.Quiet = true
	instance, err := caddy.Start(caddy.CaddyfileInput{
		Filepath:       "Corefile",
		Contents:       corefile,
		ServerTypeName: "dns",
	})
	check(err)
	fmt.Println(instance.Servers()[0].LocalAddr())
	instance.Wait()
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
