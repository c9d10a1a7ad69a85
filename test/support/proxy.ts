/**
 * An HTTP proxy as the environment names it to grpc-js, for everything. A channel opened without
 * `'grpc.enable_http_proxy': 0`, which `dial()` gives, hands its target to it.
 */
export function proxyVariables(hostAndPort: string): Readonly<Record<string, string | undefined>> {
  return {
    http_proxy: `http://${hostAndPort}`,
    grpc_proxy: undefined,
    https_proxy: undefined,
    no_grpc_proxy: undefined,
    no_proxy: undefined,
  };
}

/** For channels to an address: they, too, would go through a proxy of the environment. */
export const unproxied = { 'grpc.enable_http_proxy': 0 };
