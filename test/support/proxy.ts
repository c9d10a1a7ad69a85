/**
 * Environment variables that name an HTTP proxy to grpc-js. A channel without `'grpc.enable_http_proxy': 0`, which
 * `channelTarget()` sets, connects through it.
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

/** Channel options that bypass a proxy from the environment. */
export const unproxied = { 'grpc.enable_http_proxy': 0 };
