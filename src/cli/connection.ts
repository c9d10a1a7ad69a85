import { EtcdClient, type PasswordAuth } from '../index.js';
import { wrongUsage } from './failure.js';
import type { Environment } from './io.js';
import type { Options, OptionTable } from './options.js';
import { readPassword } from './password-file.js';

/** etcdctl's flags, under its names. */
export const connectionOptions: OptionTable = {
  endpoints: {
    value: 'LIST',
    multiple: true,
    help: 'etcd members, by commas or given again (default 127.0.0.1:2379)',
  },
  cacert: { value: 'FILE', help: 'authorities to trust, PEM' },
  cert: { value: 'FILE', help: 'client certificate, PEM' },
  key: { value: 'FILE', help: 'its private key, PEM' },
  'insecure-skip-tls-verify': { help: 'take any server certificate (only for tests)' },
  'insecure-transport': {
    help: 'plaintext, also for a password beyond loopback; =false: TLS with the authorities that come with Node',
  },
  user: { value: 'NAME[:PASSWORD]', help: 'as whom to authenticate' },
  password: { value: 'PASSWORD', help: 'better in ETCDCTL_PASSWORD, where ps does not show it' },
  'password-file': { value: 'FILE', help: 'the password is in it; read again for each token' },
  'dial-timeout': { value: 'DURATION', help: 'for a connection, such as 2s (default 4s)' },
  'command-timeout': { value: 'DURATION', help: 'for a call to etcd (default 5s)' },
  'keepalive-time': { value: 'DURATION', help: 'between pings of an idle connection (default 10s)' },
  'keepalive-timeout': { value: 'DURATION', help: 'for the answer to one (default 5s)' },
};

/** Flags laid over etcdctl's variables: what a flag says wins. */
export function environmentOf(options: Options, env: Environment): Environment {
  // As etcdctl: somebody waits at a terminal.
  const merged: Record<string, string | undefined> = { ...env };
  merged['ETCDCTL_COMMAND_TIMEOUT'] ||= '5s';
  const user = options.text('user');
  if (user !== undefined) {
    // Whoever names a user means neither the token of somebody else nor, with a password behind the colon, another.
    delete merged['ETCDCTL_AUTH_JWT_TOKEN'];
    if (user.includes(':')) delete merged['ETCDCTL_PASSWORD'];
  }
  // An empty variable counts as none, and would here mean the etcd on this machine.
  if (options.given('endpoints')?.trim() === '')
    throw wrongUsage('--endpoints is empty: write host:port, or leave the flag out');
  for (const name of Object.keys(connectionOptions)) {
    const given = options.given(name);
    if (given !== undefined) merged[variableOf(name)] = given;
  }
  return merged;
}

/** @throws {InvalidInputError} for wrong usage, never with the value of a secret. */
export function connect(options: Options, env: Environment, endpoints?: readonly string[]): EtcdClient {
  const environment = environmentOf(options, env);
  const auth = authFromFile(options, environment);
  return EtcdClient.fromEnv(
    { ...(endpoints ? { endpoints } : {}), ...(auth ? { auth } : {}) },
    auth ? withoutCredentials(environment) : environment,
  );
}

function authFromFile(options: Options, environment: Environment): PasswordAuth | undefined {
  const file = options.text('password-file');
  if (file === undefined) return undefined;
  if (options.text('password') !== undefined || options.text('user')?.includes(':'))
    throw wrongUsage('--password-file is not the only password given: one of them must go');
  const [username = ''] = (environment['ETCDCTL_USER'] ?? '').split(':', 1);
  if (username === '') throw wrongUsage('--password-file goes with a user: --user or ETCDCTL_USER');
  readPassword(file); // before anything is done for which it is needed
  const allowed = /^(true|t|1)$/i.test(environment['ETCDCTL_INSECURE_TRANSPORT'] ?? '');
  return { username, password: () => readPassword(file), allowPlaintext: allowed };
}

function withoutCredentials(environment: Environment): Environment {
  return { ...environment, ETCDCTL_USER: '', ETCDCTL_PASSWORD: '', ETCDCTL_AUTH_JWT_TOKEN: '' };
}

export function endpointsOf(options: Options, env: Environment): string[] {
  const list = environmentOf(options, env)['ETCDCTL_ENDPOINTS'] || '127.0.0.1:2379';
  return list
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

export function variableOf(flag: string): string {
  return `ETCDCTL_${flag.toUpperCase().replaceAll('-', '_')}`;
}
