import { anything, callback, duration, number, optionsChecker } from '../model/index.js';
import {
  type AuthOptions,
  authInput,
  type SyncRule,
  type TlsOptions,
  type TransportOptions,
  tlsInput,
} from '../wire/index.js';

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
  /**
   * The longest pause between two connection attempts, in milliseconds, from 250 to 86,400,000, a day. Default 2,000;
   * gRPC's own is two minutes.
   */
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

/** Of grpc-js, whose pause is up to a fifth longer, and must not be more than a timer can wait for. */
const longestReconnectDelayMs = 86_400_000;

/** The endpoints are checked where they are parsed, and what TLS and authentication are given where they are used. */
export const checkClientOptions = optionsChecker<EtcdClientOptions>(
  {
    endpoints: anything,
    tls: tlsInput,
    auth: authInput,
    sync: optionsChecker<SyncOptions>({ allow: callback, intervalMs: duration({ min: 1_000 }) }),
    timeoutMs: duration({ min: 1, max: Number.MAX_SAFE_INTEGER, allowInfinity: true }),
    connectTimeoutMs: duration({ min: 1 }),
    keepaliveTimeMs: duration({ min: 5_000 }),
    keepaliveTimeoutMs: duration({ min: 1 }),
    maxReconnectDelayMs: duration({ min: 250, max: longestReconnectDelayMs }),
    maxReceiveBytes: number({ min: 1 }),
    maxRequestBytes: number(),
    maxTxnOps: number(),
  },
  {
    secret: true, // in its place may stand an endpoint with a password
    required: "give { endpoints: ['host:2379'] }, or use EtcdClient.fromEnv() for etcdctl's variables",
    // As other clients of etcd call them.
    suggestions: {
      hosts: 'endpoints',
      credentials: 'tls',
      username: 'auth.username',
      password: 'auth.password',
      dialTimeout: 'connectTimeoutMs',
    },
  },
);

/** Options with their defaults, checked. @throws {InvalidInputError} naming the option. */
export function resolveOptions(options: EtcdClientOptions): ResolvedOptions {
  checkClientOptions(options);
  return {
    transport: {
      endpoints: options.endpoints,
      tls: options.tls,
      auth: options.auth,
      sync: options.sync,
      timeoutMs: options.timeoutMs ?? 10_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 4_000,
      keepaliveTimeMs: options.keepaliveTimeMs ?? 10_000,
      keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 5_000,
      maxReconnectDelayMs: options.maxReconnectDelayMs ?? 2_000,
      maxReceiveBytes: options.maxReceiveBytes ?? 512 * MiB,
      maxRequestBytes: options.maxRequestBytes ?? 1.5 * MiB,
    },
    maxTxnOps: options.maxTxnOps ?? 128,
  };
}
