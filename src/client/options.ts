import { type DiagnosticsOptions, type Logger, processWide } from '../diagnostics/index.js';
import { InvalidInputError } from '../errors/index.js';
import { type BatchLimits, batchLimits } from '../kv/index.js';
import {
  anything,
  boolean,
  type Check,
  callback,
  duration,
  number,
  optionsChecker,
  wellFormedText,
} from '../model/index.js';
import {
  type AuthOptions,
  authInput,
  checkDiscovery,
  checkDns,
  type DiscoveryOptions,
  type DnsOptions,
  type SyncRule,
  type TlsOptions,
  type TransportOptions,
  tlsInput,
} from '../wire/index.js';

/** Options of an {@link EtcdClient}. */
export interface EtcdClientOptions {
  /**
   * The members: `host:port`, `http://host:port`, `https://host:port`, or a socket's `unix:/path` or `unixs:/path`
   * (with TLS). Either all use TLS or none. A host name with several addresses stands for as many members. Required
   * unless `discovery` is given.
   */
  readonly endpoints?: readonly string[];
  /** Finds the members by the SRV records of a domain, instead of `endpoints`. Default: none. */
  readonly discovery?: DiscoveryOptions;
  /** How host names and SRV records are resolved. Default: as the system does, and again every 30 s. */
  readonly dns?: DnsOptions;
  /**
   * TLS settings, for all endpoints; `http://` is then refused. Default: TLS with Node's bundled CA certificates for
   * endpoints with `https://` or `unixs:`, plaintext for the others. `{}` turns TLS on for endpoints without a scheme.
   */
  readonly tls?: TlsOptions;
  /**
   * The credentials for etcd's authentication: a user and a password, or a provider of tokens. They are not used while
   * authentication is off in etcd. All calls and streams share one token. Plaintext to a host that is not loopback is
   * refused unless `auth.allowPlaintext` is set. Default: none.
   */
  readonly auth?: AuthOptions;
  /** How the client uses etcd's member list, in `client.sync()` and periodically. Default: only in `client.sync()`. */
  readonly sync?: SyncOptions;
  /**
   * The default deadline of a call in milliseconds, including retries; Infinity for none. Default 10,000: above etcd's
   * own limit of about 7 s, so that callers see etcd's error instead of a DeadlineError.
   */
  readonly timeoutMs?: number;
  /**
   * The longest time for a connection attempt, including the peer's first bytes, in milliseconds. Default 4,000: a
   * second member can be tried within the default deadline of a call.
   */
  readonly connectTimeoutMs?: number;
  /**
   * The interval of HTTP/2 pings on a silent connection with pending calls, in milliseconds. Default 10,000, at least
   * 5,000: etcd closes the connection of a client that pings more often. A dead member is detected after this time plus
   * `keepaliveTimeoutMs`.
   */
  readonly keepaliveTimeMs?: number;
  /** How long to wait for the reply to a ping before the connection is closed, in milliseconds. Default 5,000. */
  readonly keepaliveTimeoutMs?: number;
  /**
   * The longest pause between two connection attempts, in milliseconds, from 250 to 86,400,000 (a day). Default 2,000,
   * so that a restarted member is used soon; gRPC's default is two minutes.
   */
  readonly maxReconnectDelayMs?: number;
  /**
   * The largest response accepted, in bytes. Default 512 MiB: etcd does not limit its responses, but a broken server
   * must not exhaust the memory. A watch survives a larger response: it asks etcd for fragments of about 2 MB from then
   * on, so set this to the memory that one response may take, but not below 4 MiB.
   */
  readonly maxReceiveBytes?: number;
  /**
   * The largest request sent, in bytes; set it to etcd's `--max-request-bytes`. Default 1.5 MiB, which is etcd's
   * default. 0 leaves the check to etcd.
   */
  readonly maxRequestBytes?: number;
  /**
   * The largest number of operations in a transaction; set it to etcd's `--max-txn-ops`. Default 128, which is etcd's
   * default. 0 leaves the check to etcd.
   */
  readonly maxTxnOps?: number;
  /**
   * Whether reads of single keys that are requested in one turn of the event loop travel together, as one read-only
   * transaction. Default true. The results are those of separate reads; etcd's metrics then count Txn instead of Range.
   */
  readonly batchReads?: boolean;
  /**
   * The name of the client in its events, logs and metrics, for processes with several clients: 1 to 200 characters. Default:
   * `etcd-1` for the first client of the process, then `etcd-2` and so on.
   */
  readonly name?: string;
  /**
   * Receives the client's background events as text: `(level, message, fields) => pino[level](fields, message)`. See
   * {@link Logger}. Default: none; `NODE_DEBUG=etcd-naming` prints the same events.
   */
  readonly logger?: Logger;
  /** What {@link EtcdClient.metrics} includes. */
  readonly metrics?: MetricsOptions;
}

/** What the metrics of a client include. */
export interface MetricsOptions {
  /**
   * Whether to record how long calls take, by method and status. Default false: each call then costs nothing more. With
   * true, every call is traced, as with a subscriber of `etcd-naming:call`.
   */
  readonly histograms?: boolean;
}

/** How the client uses etcd's member list. */
export interface SyncOptions extends SyncRule {
  /** The interval of periodic syncs in milliseconds, ±10 %, at least 1,000. Default: no periodic sync. */
  readonly intervalMs?: number;
}

export interface ResolvedOptions {
  readonly transport: TransportOptions;
  readonly maxTxnOps: number;
  /** The limits of a batch of reads; undefined if reads are not batched. */
  readonly batches: BatchLimits | undefined;
  readonly diagnostics: DiagnosticsOptions;
}

const clients = processWide('clients', () => ({ named: 0 }));

/** A name that other clients of this process do not have by default, nor those of another copy of this package. */
function nextName(): string {
  return `etcd-${++clients.named}`;
}

/** It is in each series of the metrics. */
const maxNameLength = 200;

const clientName: Check = (value, name) => {
  wellFormedText(value, name);
  const { length } = value as string;
  if (length === 0) throw new InvalidInputError(`${name} is empty`);
  if (length > maxNameLength)
    throw new InvalidInputError(`${name} has ${length} characters, more than ${maxNameLength}`);
};

const MiB = 1024 * 1024;

/**
 * grpc-js extends a pause by up to 20 %; the result must stay below Node's limit for timers.
 *
 * Specification: https://github.com/grpc/grpc/blob/v1.66.0/doc/connection-backoff.md#proposed-backoff-algorithm
 */
const maxReconnectDelayLimitMs = 86_400_000;

/** Checks the names and types of the options. The endpoints and the contents of `tls` and `auth` are checked later. */
export const checkClientOptions = optionsChecker<EtcdClientOptions>(
  {
    endpoints: anything,
    discovery: checkDiscovery,
    dns: checkDns,
    tls: tlsInput,
    auth: authInput,
    sync: optionsChecker<SyncOptions>({ allow: callback, intervalMs: duration({ min: 1_000 }) }),
    timeoutMs: duration({ min: 1, max: Number.MAX_SAFE_INTEGER, allowInfinity: true }),
    connectTimeoutMs: duration({ min: 1 }),
    // A shorter interval makes etcd close the connection.
    // Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/embed/config.go#L69
    keepaliveTimeMs: duration({ min: 5_000 }),
    keepaliveTimeoutMs: duration({ min: 1 }),
    maxReconnectDelayMs: duration({ min: 250, max: maxReconnectDelayLimitMs }),
    maxReceiveBytes: number({ min: 1 }),
    maxRequestBytes: number(),
    maxTxnOps: number(),
    batchReads: boolean,
    name: clientName,
    logger: callback,
    metrics: optionsChecker<MetricsOptions>({ histograms: boolean }),
  },
  {
    secret: true, // a caller may pass an endpoint with a password instead of the options
    required: "give { endpoints: ['host:2379'] }, or use EtcdClient.fromEnv() for etcdctl's variables",
    // The names that other etcd clients use.
    suggestions: {
      hosts: 'endpoints',
      srv: 'discovery.srv',
      discoverySrv: 'discovery.srv',
      credentials: 'tls',
      username: 'auth.username',
      password: 'auth.password',
      dialTimeout: 'connectTimeoutMs',
    },
  },
);

/** Checks the options and adds the defaults. @throws {InvalidInputError} if an option is invalid; the text names it. */
export function resolveOptions(options: EtcdClientOptions): ResolvedOptions {
  checkClientOptions(options);
  const maxTxnOps = options.maxTxnOps ?? 128;
  const maxReceiveBytes = options.maxReceiveBytes ?? 512 * MiB;
  const maxRequestBytes = options.maxRequestBytes ?? 1.5 * MiB;
  return {
    transport: {
      endpoints: options.endpoints,
      discovery: options.discovery,
      dns: options.dns ?? {},
      tls: options.tls,
      auth: options.auth,
      sync: options.sync,
      timeoutMs: options.timeoutMs ?? 10_000,
      connectTimeoutMs: options.connectTimeoutMs ?? 4_000,
      keepaliveTimeMs: options.keepaliveTimeMs ?? 10_000,
      keepaliveTimeoutMs: options.keepaliveTimeoutMs ?? 5_000,
      maxReconnectDelayMs: options.maxReconnectDelayMs ?? 2_000,
      maxReceiveBytes,
      maxRequestBytes,
    },
    maxTxnOps,
    diagnostics: {
      name: options.name ?? nextName(),
      logger: options.logger,
      histograms: options.metrics?.histograms,
    },
    batches:
      options.batchReads === false ? undefined : batchLimits({ maxTxnOps, maxReceiveBytes, maxRequestBytes }),
  };
}
