import { isIP } from 'node:net';
import { InvalidInputError } from '../../errors/index.js';
import {
  boolean,
  duration,
  isServerName,
  listOf,
  optionsChecker,
  splitHostPort,
  text,
  withoutRootDot,
} from '../../model/index.js';
import { type Lookups, ServerLookups, SystemLookups } from './lookups.js';

/** Finding the members by the SRV records of a domain, as `etcdctl --discovery-srv` does. */
export interface DiscoveryOptions {
  /**
   * The domain: the members are the targets of `_etcd-client-ssl._tcp.<domain>` (with TLS) or, with `insecure`, of
   * `_etcd-client._tcp.<domain>` (plaintext).
   */
  readonly srv: string;
  /** Appended to the service of the records: `_etcd-client-ssl-<name>._tcp`. etcdctl's `--discovery-srv-name`. Default: none. */
  readonly serviceName?: string;
  /**
   * Whether to trust the targets of the records, as etcdctl's `--insecure-discovery` does. Each member then has to prove
   * the name of its own host, and records for plaintext are used if there are none for TLS and neither `tls` nor a
   * password that must not leave in plaintext is given. Default false, as for `etcd gateway` (etcdctl's default is
   * true): TLS alone, and each member has to prove the domain or `tls.serverName`, because DNS is not authenticated.
   */
  readonly insecure?: boolean;
}

/** How names are resolved: those of `endpoints`, and those that `discovery` finds. */
export interface DnsOptions {
  /**
   * The DNS servers to ask, as `ip` or `ip:port`, such as Consul's `127.0.0.1:8600`. Names are then complete: the hosts
   * file and search domains are not used. Default: what the system uses.
   */
  readonly servers?: readonly string[];
  /**
   * How often names are resolved again, in milliseconds, ±10 %, at least 1,000. Default 30,000: the usual time to live
   * of cluster DNS, and the shortest interval of gRPC's clients. While a member cannot be reached or a name cannot be
   * resolved, it is up to 1 s at first, doubling to 30 s.
   */
  readonly refreshMs?: number;
}

export const checkDiscovery = optionsChecker<DiscoveryOptions>(
  { srv: text, serviceName: text, insecure: boolean },
  { suggestions: { domain: 'srv', name: 'serviceName', insecureDiscovery: 'insecure' } },
);

export const checkDns = optionsChecker<DnsOptions>({
  servers: listOf(text),
  refreshMs: duration({ min: 1_000 }),
});

/** @throws {InvalidInputError} for a domain or service name that cannot be part of a DNS name. */
export function checkedDiscovery({ srv, serviceName, ...rest }: DiscoveryOptions): DiscoveryOptions {
  if (!isServerName(srv) || srv.includes(':')) {
    const found = srv === undefined ? 'missing' : `'${String(srv)}'`;
    throw new InvalidInputError(`discovery.srv is ${found}; it must be a domain, such as 'example.com'`);
  }
  const domain = withoutRootDot(srv);
  if (serviceName === undefined || serviceName === '') return { srv: domain, ...rest };
  if (!/^[a-z0-9_-]{1,40}$/i.test(serviceName))
    throw new InvalidInputError(
      `discovery.serviceName is '${serviceName}'; it must be part of a DNS name: letters, digits, '-' and '_'`,
    );
  return { srv: domain, serviceName, ...rest };
}

/** @throws {InvalidInputError} for a server that is not an IP address, or whose port is not from 1 to 65535. */
export function createLookups({ servers }: DnsOptions): Lookups {
  if (servers === undefined) return new SystemLookups();
  if (servers.length === 0) throw new InvalidInputError('dns.servers is empty: name a server, or omit it');
  const problem = servers.map(problemOf).find((one) => one !== undefined);
  if (problem !== undefined) throw wrongServers(servers, problem);
  try {
    return new ServerLookups(servers);
  } catch {
    throw wrongServers(servers);
  }
}

/**
 * Node ends the process for port 0, and accepts a port over 65535, at which no server answers.
 *
 * Workaround (Node 20.20, 22; no public issue found, `SetServers` of cares_wrap.cc): this checks the port before Node
 * does. Remove when Node refuses such ports.
 */
function problemOf(server: string): string | undefined {
  const split = splitHostPort(server);
  if ('problem' in split) return split.problem;
  return isIP(split.host) === 0 ? `'${split.host}' is not an IP address` : undefined;
}

function wrongServers(servers: readonly string[], problem?: string): InvalidInputError {
  const list = servers.map((server) => `'${server}'`).join(', ');
  const rule = 'each must be an IP address, with or without a port';
  return new InvalidInputError(
    `dns.servers is [${list}]; ${rule}${problem === undefined ? '' : `: ${problem}`}`,
  );
}
