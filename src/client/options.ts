import { InvalidInputError } from '../errors/index.js';
import type { AuthOptions, SyncRule, TlsOptions, TransportOptions } from '../wire/index.js';

export interface EtcdClientOptions {
  /**
   * The members to dial: `host:port`, `http://host:port`, `https://host:port`, or a socket's `unix:/path` or `unixs:/path`
   * (with TLS); all with TLS or all without.
   */
  readonly endpoints: readonly string[];
  /**
   * TLS settings. With them every endpoint is spoken to with TLS; `http://` is then refused. Without them TLS is used
   * where the endpoints say `https://` or `unixs:`, with the authorities that come with Node. `{}` turns TLS on for
   * endpoints that name no scheme.
   */
  readonly tls?: TlsOptions;
  /**
   * As whom to authenticate where etcd's authentication is on: a user and a password, or a provider of tokens. Where it
   * is off, or switched off, calls go without; one token serves all calls and streams. Plaintext to a host that is not
   * loopback is refused unless `auth.allowPlaintext` is set.
   */
  readonly auth?: AuthOptions;
  /** How `client.sync()` follows the member list, and how often that is done by itself. Default: never. */
  readonly sync?: SyncOptions;
  /**
   * How long a call may take, in milliseconds, tries included, unless the call says otherwise. Default 10,000: above
   * etcd's own limit of about 7 s, so that its reason is seen rather than ours.
   */
  readonly timeoutMs?: number;
  /** How long a connection attempt, or a peer that accepted and says nothing, is given, in milliseconds. Default 4,000. */
  readonly connectTimeoutMs?: number;
  /**
   * How often an idle connection with calls under way is pinged, in milliseconds. Default 10,000, at least 5,000:
   * etcd hangs up on whoever pings more often. A silent member is noticed after this plus `keepaliveTimeoutMs`.
   */
  readonly keepaliveTimeMs?: number;
  /** How long a ping may go unanswered, in milliseconds. Default 5,000. */
  readonly keepaliveTimeoutMs?: number;
  /** The longest pause between two connection attempts, in milliseconds. Default 2,000; gRPC's own is two minutes. */
  readonly maxReconnectDelayMs?: number;
  /** The largest answer taken, in bytes. Default 512 MiB: etcd's are unbounded, but a hostile length must not be believed. */
  readonly maxReceiveBytes?: number;
  /** The largest request sent, in bytes: etcd's `--max-request-bytes`. Default 1.5 MiB, as there; 0 leaves the check to etcd. */
  readonly maxRequestBytes?: number;
  /** The most operations in a transaction: etcd's `--max-txn-ops`. Default 128, as there; 0 leaves the check to etcd. */
  readonly maxTxnOps?: number;
}

export interface SyncOptions extends SyncRule {
  /** How often to follow the member list without being asked, in milliseconds, give or take a tenth. At least 1,000. Default: never. */
  readonly intervalMs?: number;
}

export interface ResolvedOptions {
  readonly transport: TransportOptions;
  readonly maxTxnOps: number;
}

const MiB = 1024 * 1024;

/** Options with their defaults, checked. @throws {InvalidInputError} naming the option. */
export function resolveOptions(options: EtcdClientOptions): ResolvedOptions {
  return {
    transport: {
      endpoints: options.endpoints,
      tls: options.tls,
      auth: options.auth,
      sync: checkSync(options.sync),
      timeoutMs: atLeast(options, 'timeoutMs', 1, 10_000),
      connectTimeoutMs: atLeast(options, 'connectTimeoutMs', 1, 4_000),
      keepaliveTimeMs: atLeast(options, 'keepaliveTimeMs', 5_000, 10_000),
      keepaliveTimeoutMs: atLeast(options, 'keepaliveTimeoutMs', 1, 5_000),
      maxReconnectDelayMs: atLeast(options, 'maxReconnectDelayMs', 250, 2_000),
      maxReceiveBytes: atLeast(options, 'maxReceiveBytes', 1, 512 * MiB),
      maxRequestBytes: atLeast(options, 'maxRequestBytes', 0, 1.5 * MiB),
    },
    maxTxnOps: atLeast(options, 'maxTxnOps', 0, 128),
  };
}

function checkSync(sync: SyncOptions | undefined): SyncOptions | undefined {
  const { intervalMs, allow } = sync ?? {};
  if (intervalMs !== undefined && !(typeof intervalMs === 'number' && intervalMs >= 1_000))
    throw new InvalidInputError(`sync.intervalMs is ${intervalMs}; it must be a number of at least 1000`);
  if (allow !== undefined && typeof allow !== 'function')
    throw new InvalidInputError('sync.allow is not a function');
  return sync;
}

type NumericOption = {
  [K in keyof EtcdClientOptions]-?: NonNullable<EtcdClientOptions[K]> extends number ? K : never;
}[keyof EtcdClientOptions];

function atLeast(options: EtcdClientOptions, name: NumericOption, least: number, fallback: number): number {
  const value = options[name] ?? fallback;
  if (typeof value !== 'number' || !(value >= least)) {
    throw new InvalidInputError(`${name} is ${value}; it must be a number of at least ${least}`);
  }
  return value;
}
