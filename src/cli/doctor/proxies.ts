import { type Finding, ok, warning } from './finding.js';

const proxyVariables = ['grpc_proxy', 'https_proxy', 'http_proxy'] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * grpc-js gives a channel's whole name to an HTTP proxy that the environment names, before any resolver is asked. The
 * value may hold a password, so only the variable is named.
 */
export function checkProxies(service: string, env: Environment): Finding[] {
  const set = proxyVariables.find((name) => env[name]);
  if (set === undefined) return [ok('proxy', 'no HTTP proxy is set here')];
  if (!isUsed(env[set] ?? ''))
    return [ok('proxy', `${set} is set here, but not to a http:// URL, so grpc-js does not use it`)];
  if (isExcepted(service, env))
    return [ok('proxy', `${set} is set here, and does not hold for '${service}'`)];
  return [
    warning(
      'proxy',
      `${set} is set here: grpc-js hands the name '${service}' to that proxy, and never asks etcd, except for a channel opened with what dial() gives`,
      `open channels with both parts of dial('${service}'): the target, and the options with 'grpc.enable_http_proxy': 0; or add the service to no_grpc_proxy`,
    ),
  ];
}

/** As grpc-js reads it (1.14, http_proxy.ts): any other scheme is logged and ignored. */
function isUsed(value: string): boolean {
  return URL.canParse(value) && new URL(value).protocol === 'http:';
}

/** By the name's end, as grpc-js does; an empty item, such as after a last comma, excepts everything. */
function isExcepted(service: string, env: Environment): boolean {
  const exceptions = env['no_grpc_proxy'] || env['no_proxy'];
  return exceptions ? exceptions.split(',').some((host) => service.endsWith(host)) : false;
}
