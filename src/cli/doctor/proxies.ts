import { type Finding, ok, warning } from './finding.js';

const proxyVariables = ['grpc_proxy', 'https_proxy', 'http_proxy'] as const;

/**
 * grpc-js gives a channel's whole name to an HTTP proxy that the environment names, before any resolver is asked. The
 * value may hold a password, so only the variable is named.
 */
export function checkProxies(service: string, env: Readonly<Record<string, string | undefined>>): Finding[] {
  const set = proxyVariables.find((name) => env[name]);
  if (set === undefined) return [ok('proxy', 'no HTTP proxy is set here')];
  const exceptions = (env['no_grpc_proxy'] || env['no_proxy'] || '').split(',').filter(Boolean);
  if (exceptions.some((host) => service.endsWith(host)))
    return [ok('proxy', `${set} is set here, and does not hold for '${service}'`)];
  return [
    warning(
      'proxy',
      `${set} is set here: grpc-js hands the name '${service}' to that proxy, and never asks etcd`,
      "give the channel the option 'grpc.enable_http_proxy': 0, or add the service to no_grpc_proxy",
    ),
  ];
}
