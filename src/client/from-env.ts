import { InvalidInputError } from '../errors/index.js';
import { longestTimerMs, parseGoDuration } from '../model/index.js';
import type { DiscoveryOptions, TlsOptions } from '../wire/index.js';
import type { EtcdClientOptions } from './options.js';

/** Environment variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The supported variables of etcdctl, without the prefix `ETCDCTL_`. */
type Variable =
  | 'ENDPOINTS'
  | 'CACERT'
  | 'CERT'
  | 'KEY'
  | 'USER'
  | 'PASSWORD'
  | 'AUTH_JWT_TOKEN'
  | 'INSECURE_TRANSPORT'
  | 'INSECURE_SKIP_TLS_VERIFY'
  | 'DIAL_TIMEOUT'
  | 'COMMAND_TIMEOUT'
  | 'KEEPALIVE_TIME'
  | 'KEEPALIVE_TIMEOUT'
  | 'MAX_REQUEST_BYTES'
  | 'MAX_RECV_BYTES'
  | 'DISCOVERY_SRV'
  | 'DISCOVERY_SRV_NAME'
  | 'INSECURE_DISCOVERY';

/**
 * Returns client options from etcdctl's environment variables. An empty variable counts as unset. Without a variable, the
 * endpoint is etcdctl's default, `127.0.0.1:2379`; durations and sizes have this client's defaults.
 * @throws {InvalidInputError} if a variable is invalid; the text names it and never contains a secret.
 */
export function optionsFromEnv(env: Environment): EtcdClientOptions {
  const tls = tlsFromEnv(env);
  const auth = authFromEnv(env);
  const discovery = discoveryFromEnv(env);
  return {
    ...(discovery ? { discovery } : { endpoints: endpointsFromEnv(env) }),
    ...(tls ? { tls } : {}),
    ...(auth ? { auth } : {}),
    ...duration(env, 'DIAL_TIMEOUT', 'connectTimeoutMs'),
    ...commandTimeout(env),
    ...keepaliveTime(env),
    ...duration(env, 'KEEPALIVE_TIMEOUT', 'keepaliveTimeoutMs'),
    ...bytes(env, 'MAX_REQUEST_BYTES', 'maxRequestBytes'),
    ...bytes(env, 'MAX_RECV_BYTES', 'maxReceiveBytes'),
  };
}

/**
 * Adds the options from etcdctl's environment variables to the given ones, which override them.
 * @throws as {@link optionsFromEnv}; {InvalidInputError} if the variables and the endpoints contradict each other.
 */
export function withEnv(options: Partial<EtcdClientOptions>, env: Environment): EtcdClientOptions {
  const definedOptions = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  );
  const { endpoints, discovery, ...others } = optionsFromEnv(env);
  const namesMembers = options.endpoints !== undefined || options.discovery !== undefined;
  const source = { ...(endpoints ? { endpoints } : {}), ...(discovery ? { discovery } : {}) };
  const all = { ...(namesMembers ? {} : source), ...others, ...definedOptions };
  if (options.tls === undefined) refuseTlsOverHttp(all, env);
  return all;
}

/**
 * A domain takes precedence over endpoints, and targets are trusted by default, both as in etcdctl. Unlike etcdctl, the
 * client does not use the default endpoint when DNS names no member: that would be another cluster.
 */
function discoveryFromEnv(env: Environment): DiscoveryOptions | undefined {
  const srv = read(env, 'DISCOVERY_SRV');
  const serviceName = read(env, 'DISCOVERY_SRV_NAME');
  const insecure = flag(env, 'INSECURE_DISCOVERY') ?? true;
  if (srv) return { srv, ...(serviceName ? { serviceName } : {}), insecure };
  if (serviceName)
    throw new InvalidInputError('ETCDCTL_DISCOVERY_SRV_NAME is set without ETCDCTL_DISCOVERY_SRV');
  return undefined;
}

/** Each of these variables turns TLS on. */
const tlsVariables = ['CACERT', 'CERT', 'KEY', 'INSECURE_SKIP_TLS_VERIFY', 'INSECURE_TRANSPORT'] as const;

/**
 * Refuses TLS variables with `http://` endpoints, for which etcdctl ignores the certificates.
 * @throws {InvalidInputError} naming the variable.
 */
function refuseTlsOverHttp({ endpoints, tls }: Partial<EtcdClientOptions>, env: Environment): void {
  const isHttp = (endpoint: unknown) => typeof endpoint === 'string' && /^http:/i.test(endpoint);
  const variable =
    tls && Array.isArray(endpoints) && endpoints.some(isHttp) && tlsVariables.find((name) => read(env, name));
  if (!variable) return;
  throw new InvalidInputError(
    `TLS is requested by ETCDCTL_${variable}, but the endpoints use http://: write https://, or omit ETCDCTL_${variable}`,
  );
}

function tlsFromEnv(env: Environment): TlsOptions | undefined {
  const caFile = read(env, 'CACERT');
  const certFile = read(env, 'CERT');
  const keyFile = read(env, 'KEY');
  const tls: TlsOptions = {
    ...(caFile ? { caFile } : {}),
    ...(certFile ? { certFile } : {}),
    ...(keyFile ? { keyFile } : {}),
    ...(flag(env, 'INSECURE_SKIP_TLS_VERIFY') ? { dangerouslySkipVerification: true } : {}),
  };
  // In etcdctl, this turns TLS on with the system's CA certificates.
  const isTlsRequested = flag(env, 'INSECURE_TRANSPORT') === false;
  return isTlsRequested || Object.keys(tls).length > 0 ? tls : undefined;
}

function authFromEnv(env: Environment): EtcdClientOptions['auth'] {
  const token = read(env, 'AUTH_JWT_TOKEN');
  const user = read(env, 'USER');
  const password = read(env, 'PASSWORD');
  if (token && user)
    throw new InvalidInputError('ETCDCTL_AUTH_JWT_TOKEN and ETCDCTL_USER are both set; unset one of them');
  // etcdctl sends passwords in plaintext by default. This client does so only if the variable is set.
  const allowed = flag(env, 'INSECURE_TRANSPORT') === true ? { allowPlaintext: true } : {};
  if (token) return { tokenProvider: () => token, ...allowed };
  if (!user) return undefined;
  if (password) return { username: user, password, ...allowed };
  // As in etcdctl, ETCDCTL_USER may be `user:password`.
  const colon = user.indexOf(':');
  if (colon < 0) throw new InvalidInputError('ETCDCTL_USER is set without a password: set ETCDCTL_PASSWORD');
  return { username: user.slice(0, colon), password: user.slice(colon + 1), ...allowed };
}

function flag(env: Environment, name: Variable): boolean | undefined {
  const value = read(env, name)?.toLowerCase();
  if (value === undefined) return undefined;
  if (['false', 'f', '0'].includes(value)) return false;
  if (['true', 't', '1'].includes(value)) return true;
  throw new InvalidInputError(`ETCDCTL_${name} is '${value}'; it must be true or false`);
}

/** Raises the interval to at least 5 s: etcd closes a connection with more frequent pings. etcdctl's default is 2 s. */
function keepaliveTime(env: Environment): { keepaliveTimeMs?: number } {
  const { keepaliveTimeMs } = duration(env, 'KEEPALIVE_TIME', 'keepaliveTimeMs');
  return keepaliveTimeMs === undefined ? {} : { keepaliveTimeMs: Math.max(5_000, keepaliveTimeMs) };
}

/** 0 selects the default; in etcdctl it means no limit, or no pings. */
function duration<Name extends string>(
  env: Environment,
  variable: Variable,
  name: Name,
): { [K in Name]?: number } {
  const result: { [K in Name]?: number } = {};
  const ms = milliseconds(variable, read(env, variable) ?? '0');
  if (ms > 0) result[name] = ms;
  return result;
}

/** 0 is refused: with it, every call of etcdctl times out. */
function commandTimeout(env: Environment): { timeoutMs?: number } {
  const text = read(env, 'COMMAND_TIMEOUT');
  const result = duration(env, 'COMMAND_TIMEOUT', 'timeoutMs');
  if (text !== undefined && result.timeoutMs === undefined)
    throw new InvalidInputError(`ETCDCTL_COMMAND_TIMEOUT is '${text}'; it must be more than 0`);
  return result;
}

/** 0 selects the default, as in etcdctl. */
function bytes<Name extends string>(
  env: Environment,
  variable: Variable,
  name: Name,
): { [K in Name]?: number } {
  const text = read(env, variable) ?? '0';
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text)))
    throw new InvalidInputError(`ETCDCTL_${variable} is '${text}'; it must be a number of bytes`);
  const result: { [K in Name]?: number } = {};
  if (Number(text) > 0) result[name] = Number(text);
  return result;
}

/** Rounds up to whole milliseconds, the resolution of timers, and limits the result to their maximum, 24.8 days. */
function milliseconds(variable: Variable, text: string): number {
  const ms = parseGoDuration(text);
  if (ms === undefined)
    throw new InvalidInputError(
      `ETCDCTL_${variable} is '${text}'; it must be a duration such as 5s or 1m30s`,
    );
  if (ms < 0) throw new InvalidInputError(`ETCDCTL_${variable} is '${text}'; it must not be negative`);
  return Math.min(longestTimerMs, Math.ceil(ms));
}

/** Accepts spaces around endpoints and trailing commas, as etcdctl does. */
function endpointsFromEnv(env: Environment): string[] {
  const text = read(env, 'ENDPOINTS') ?? '127.0.0.1:2379';
  const endpoints = text
    .split(',')
    .map((endpoint) => endpoint.trim())
    .filter((endpoint) => endpoint !== '');
  if (endpoints.length === 0)
    throw new InvalidInputError(`ETCDCTL_ENDPOINTS is '${text}'; it has no endpoint`);
  return endpoints;
}

/** An empty variable counts as unset, as in etcdctl. */
function read(env: Environment, name: Variable): string | undefined {
  return env[`ETCDCTL_${name}`] || undefined;
}
