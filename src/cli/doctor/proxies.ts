import type { Environment } from '../output/io.js';
import { type Finding, ok, warning } from './finding.js';

const proxyVariables = ['grpc_proxy', 'https_proxy', 'http_proxy'] as const;

/**
 * Checks for an HTTP proxy in the environment: grpc-js passes the channel's whole name to it and uses no resolver. The
 * findings name only the variable, because its value may contain a password.
 */
export function checkProxies(service: string, env: Environment): Finding[] {
  const variable = proxyVariables.find((name) => env[name]);
  if (variable === undefined) return [ok('proxy', 'no HTTP proxy is set')];
  if (!isHttpUrl(env[variable] ?? ''))
    return [ok('proxy', `${variable} is set, but not to an http:// URL, so grpc-js ignores it`)];
  if (bypassesProxy(service, env))
    return [ok('proxy', `${variable} is set, and does not apply to '${service}'`)];
  return [
    warning(
      'proxy',
      `${variable} is set: grpc-js passes the name '${service}' to that proxy instead of etcd, except for a channel made with channelTarget()`,
      `make channels with both results of channelTarget('${service}'): the target, and the options with 'grpc.enable_http_proxy': 0; or add the service to no_grpc_proxy`,
    ),
  ];
}

/** grpc-js 1.14 (http_proxy.ts) logs and ignores any other scheme. */
function isHttpUrl(value: string): boolean {
  return URL.canParse(value) && new URL(value).protocol === 'http:';
}

/** grpc-js compares the end of the name. An empty item, such as after a trailing comma, matches every name. */
function bypassesProxy(service: string, env: Environment): boolean {
  const exceptions = env['no_grpc_proxy'] || env['no_proxy'];
  return exceptions ? exceptions.split(',').some((host) => service.endsWith(host)) : false;
}
