import { EtcdClient, type PasswordAuth } from '../../index.js';
import { usageError } from '../errors.js';
import type { Environment } from '../output/io.js';
import type { OptionTable, ParsedOptions } from './options.js';
import { readPassword } from './password-file.js';

/** The flags of etcdctl, under the same names. */
export const connectionOptions: OptionTable = {
  endpoints: {
    value: 'LIST',
    multiple: true,
    help: 'etcd members, separated by commas; may be repeated (default 127.0.0.1:2379)',
  },
  'discovery-srv': {
    value: 'DOMAIN',
    help: 'find the members by the DNS SRV records of the domain instead of --endpoints',
  },
  'discovery-srv-name': { value: 'NAME', help: 'with --discovery-srv: service name in the records' },
  'insecure-discovery': {
    onByDefault: true,
    help: 'with --discovery-srv: only members with TLS that prove the domain',
  },
  cacert: { value: 'FILE', help: 'PEM file of the certificate authorities to trust' },
  cert: { value: 'FILE', help: 'PEM file of the client certificate' },
  key: { value: 'FILE', help: 'PEM file of the client certificate’s private key' },
  'insecure-skip-tls-verify': { help: 'accept any server certificate (only for tests)' },
  'insecure-transport': {
    help: 'use plaintext, and allow a password beyond loopback; =false: use TLS with Node’s own authorities',
  },
  user: { value: 'NAME[:PASSWORD]', help: 'user to authenticate as' },
  password: {
    value: 'PASSWORD',
    help: 'the user’s password; safer in ETCDCTL_PASSWORD, which ps does not show',
  },
  'password-file': { value: 'FILE', help: 'file that contains the password; read again for each token' },
  'dial-timeout': { value: 'DURATION', help: 'limit for connecting, such as 2s (default 4s)' },
  'command-timeout': { value: 'DURATION', help: 'limit for each call to etcd (default 5s)' },
  'keepalive-time': {
    value: 'DURATION',
    help: 'interval of pings while calls wait for an answer (default 10s)',
  },
  'keepalive-timeout': { value: 'DURATION', help: 'limit for the answer to a ping (default 5s)' },
};

/** The environment with each connection flag as etcdctl's variable. A flag takes precedence over its variable. */
export function mergeFlagsIntoEnvironment(options: ParsedOptions, env: Environment): Environment {
  const merged: Record<string, string | undefined> = { ...env };
  // etcdctl's default. It is shorter than that of the library, because a user waits at a terminal.
  merged['ETCDCTL_COMMAND_TIMEOUT'] ||= '5s';
  const user = options.text('user');
  if (user !== undefined) {
    // The token, and the password if the flag contains one, belong to the user that the variables name.
    delete merged['ETCDCTL_AUTH_JWT_TOKEN'];
    if (user.includes(':')) delete merged['ETCDCTL_PASSWORD'];
  }
  // An empty variable counts as unset: the default would be used instead, which is the etcd on this host.
  if (options.rawText('endpoints')?.trim() === '')
    throw usageError('--endpoints is empty: write host:port, or omit the flag');
  if (options.text('discovery-srv') !== undefined && options.rawText('endpoints') !== undefined)
    throw usageError('--discovery-srv and --endpoints exclude each other');
  if (options.rawText('endpoints') !== undefined)
    for (const name of ['ETCDCTL_DISCOVERY_SRV', 'ETCDCTL_DISCOVERY_SRV_NAME']) delete merged[name];
  for (const name of Object.keys(connectionOptions)) {
    const value = options.rawText(name);
    if (value !== undefined) merged[variableNameOf(name)] = value;
  }
  return merged;
}

/**
 * Creates a client from flags and variables.
 * @param endpoints default: those of the flags and variables.
 * @throws {InvalidInputError} for wrong usage. The message never contains a secret.
 */
export function createClient(
  options: ParsedOptions,
  env: Environment,
  endpoints?: readonly string[],
): EtcdClient {
  const environment = mergeFlagsIntoEnvironment(options, env);
  const auth = authFromFile(options, environment);
  return EtcdClient.fromEnv(
    { ...(endpoints ? { endpoints } : {}), ...(auth ? { auth } : {}) },
    auth ? withoutCredentials(environment) : environment,
  );
}

/**
 * Reads the password file, if there is one: an unreadable file fails before the command does anything, and a pipe is
 * read before several clients need it.
 */
export async function readPasswordFile(options: ParsedOptions, env: Environment): Promise<void> {
  const auth = authFromFile(options, mergeFlagsIntoEnvironment(options, env));
  if (auth) await auth.password();
}

type FileAuth = PasswordAuth & { readonly password: () => Promise<string> };

function authFromFile(options: ParsedOptions, environment: Environment): FileAuth | undefined {
  const file = options.text('password-file');
  if (file === undefined) return undefined;
  if (options.text('password') !== undefined)
    throw usageError('--password-file and --password exclude each other');
  if (options.text('user')?.includes(':'))
    throw usageError('--password-file and a password in --user exclude each other');
  const [username = ''] = (environment['ETCDCTL_USER'] ?? '').split(':', 1);
  if (username === '') throw usageError('--password-file requires a user: --user or ETCDCTL_USER');
  const allowPlaintext = /^(true|t|1)$/i.test(environment['ETCDCTL_INSECURE_TRANSPORT'] ?? '');
  return { username, password: () => readPassword(file), allowPlaintext };
}

function withoutCredentials(environment: Environment): Environment {
  return { ...environment, ETCDCTL_USER: '', ETCDCTL_PASSWORD: '', ETCDCTL_AUTH_JWT_TOKEN: '' };
}

/** The endpoints that the flags or variables name; none if they name a domain instead. */
export function configuredEndpoints(options: ParsedOptions, env: Environment): string[] {
  const merged = mergeFlagsIntoEnvironment(options, env);
  if (merged['ETCDCTL_DISCOVERY_SRV']) return [];
  const list = merged['ETCDCTL_ENDPOINTS'] || '127.0.0.1:2379';
  return list
    .split(',')
    .map((endpoint) => endpoint.trim())
    .filter((endpoint) => endpoint !== '');
}

/** etcdctl's variable for a flag: `ETCDCTL_DIAL_TIMEOUT` for `dial-timeout`. */
export function variableNameOf(flag: string): string {
  return `ETCDCTL_${flag.toUpperCase().replaceAll('-', '_')}`;
}
