import { InvalidInputError } from '../errors/index.js';
import { longestTimerMs, parseGoDuration } from '../model/index.js';
import type { TlsOptions } from '../wire/index.js';
import type { EtcdClientOptions } from './options.js';

/** Environment variables by name, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Of etcdctl's variables, without their `ETCDCTL_`. */
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
  | 'DISCOVERY_SRV_NAME';

/** etcdctl's variables whose meaning cannot be had here; to pass over them would be to connect somewhere else. */
const unsupported = ['DISCOVERY_SRV', 'DISCOVERY_SRV_NAME'] as const;

/**
 * Client options from the variables that etcdctl reads. An unset or empty one has etcdctl's default, except for times,
 * which have this client's own.
 * @throws {InvalidInputError} naming the variable, never the value of a secret.
 */
export function optionsFromEnv(env: Environment): EtcdClientOptions {
  for (const name of unsupported)
    if (read(env, name))
      throw new InvalidInputError(`ETCDCTL_${name} is set; discovery by DNS is not supported`);
  const tls = tlsFromEnv(env);
  const auth = authFromEnv(env);
  return {
    endpoints: endpointsFromEnv(env),
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

/** Any of these asks for TLS. */
const tlsVariables = ['CACERT', 'CERT', 'KEY', 'INSECURE_SKIP_TLS_VERIFY', 'INSECURE_TRANSPORT'] as const;

/**
 * etcdctl takes no notice of the certificates there.
 * @throws {InvalidInputError} naming the variable that asks for TLS, where endpoints say http://.
 */
export function refuseTlsOverHttp({ endpoints, tls }: Partial<EtcdClientOptions>, env: Environment): void {
  const says = (one: unknown) => typeof one === 'string' && /^http:/i.test(one);
  const asking =
    tls && Array.isArray(endpoints) && endpoints.some(says) && tlsVariables.find((name) => read(env, name));
  if (!asking) return;
  throw new InvalidInputError(
    `ETCDCTL_${asking} asks for TLS, but the endpoints say http://: write https://, or leave ETCDCTL_${asking} out`,
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
  // etcdctl's way to ask for TLS with the system's authorities.
  const asked = flag(env, 'INSECURE_TRANSPORT') === false;
  return asked || Object.keys(tls).length > 0 ? tls : undefined;
}

function authFromEnv(env: Environment): EtcdClientOptions['auth'] {
  const token = read(env, 'AUTH_JWT_TOKEN');
  const user = read(env, 'USER');
  const password = read(env, 'PASSWORD');
  if (token && user)
    throw new InvalidInputError('ETCDCTL_AUTH_JWT_TOKEN and ETCDCTL_USER are both set: one of them must go');
  // etcdctl sends passwords in plaintext by default: here a variable has to say that the transport may be insecure.
  const allowed = flag(env, 'INSECURE_TRANSPORT') === true ? { allowPlaintext: true } : {};
  if (token) return { tokenProvider: () => token, ...allowed };
  if (!user) return undefined;
  if (password) return { username: user, password, ...allowed };
  // As etcdctl: both in one.
  const colon = user.indexOf(':');
  if (colon < 0)
    throw new InvalidInputError('ETCDCTL_USER names a user, and there is no password: set ETCDCTL_PASSWORD');
  return { username: user.slice(0, colon), password: user.slice(colon + 1), ...allowed };
}

function flag(env: Environment, name: Variable): boolean | undefined {
  const value = read(env, name)?.toLowerCase();
  if (value === undefined) return undefined;
  if (['false', 'f', '0'].includes(value)) return false;
  if (['true', 't', '1'].includes(value)) return true;
  throw new InvalidInputError(`ETCDCTL_${name} is '${value}'; it must be true or false`);
}

/** etcdctl pings every 2 s unless told otherwise, which etcd hangs up on in the long run: 5 s is the least. */
function keepaliveTime(env: Environment): { keepaliveTimeMs?: number } {
  const { keepaliveTimeMs } = duration(env, 'KEEPALIVE_TIME', 'keepaliveTimeMs');
  return keepaliveTimeMs === undefined ? {} : { keepaliveTimeMs: Math.max(5_000, keepaliveTimeMs) };
}

/** 0 is the default; etcdctl has no bound then, or no pings. */
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

/** With 0 no call of etcdctl's is answered in time: that is not what anybody means. */
function commandTimeout(env: Environment): { timeoutMs?: number } {
  const text = read(env, 'COMMAND_TIMEOUT');
  const found = duration(env, 'COMMAND_TIMEOUT', 'timeoutMs');
  if (text !== undefined && found.timeoutMs === undefined)
    throw new InvalidInputError(`ETCDCTL_COMMAND_TIMEOUT is '${text}'; it must be more than 0`);
  return found;
}

/** 0 is the default here, as there. */
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

/** Whole, since the least that timers know is 1 ms; what is longer than they reach, 24.8 days, counts as that. */
function milliseconds(variable: Variable, text: string): number {
  const ms = parseGoDuration(text);
  if (ms === undefined)
    throw new InvalidInputError(
      `ETCDCTL_${variable} is '${text}'; it must be a duration such as 5s or 1m30s`,
    );
  if (ms < 0) throw new InvalidInputError(`ETCDCTL_${variable} is '${text}'; it must not be negative`);
  return Math.min(longestTimerMs, Math.ceil(ms));
}

/** As etcdctl takes them: with spaces around, and commas that nothing follows. */
function endpointsFromEnv(env: Environment): string[] {
  const text = read(env, 'ENDPOINTS') ?? '127.0.0.1:2379';
  const endpoints = text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
  if (endpoints.length === 0)
    throw new InvalidInputError(`ETCDCTL_ENDPOINTS is '${text}'; it names no endpoint`);
  return endpoints;
}

/** Empty is unset, as etcdctl has it. */
function read(env: Environment, name: Variable): string | undefined {
  return env[`ETCDCTL_${name}`] || undefined;
}
