import { isServerName, withoutRootDot } from '../../model/index.js';
import { isAbsent, type Lookups, type SrvRecord } from './lookups.js';
import type { DiscoveryOptions } from './options.js';

/** The largest number of SRV records that are used, those with the lowest priority values first. */
const maxSrvRecords = 32;

/** The endpoints that a cluster's SRV records name. */
export interface DiscoveredEndpoints {
  /** With a scheme, `https://` if `tls`, in a stable order. At least one. */
  readonly endpoints: readonly string[];
  readonly tls: boolean;
}

/**
 * The names of the SRV records, as `etcdctl --discovery-srv` builds them.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/pkg/srv/srv.go#L108
 */
export function srvNames({ srv, serviceName }: DiscoveryOptions): {
  readonly tls: string;
  readonly plaintext: string;
} {
  const suffix = serviceName === undefined ? '' : `-${serviceName}`;
  return { tls: `_etcd-client-ssl${suffix}._tcp.${srv}`, plaintext: `_etcd-client${suffix}._tcp.${srv}` };
}

/**
 * Finds the members by their SRV records. Records for plaintext are used only without `plaintextRefusal`, the reason why
 * they must not be, and if DNS answers that there are none for TLS: without that answer, anyone who suppresses it would
 * turn TLS off. etcdctl uses both kinds together.
 * @throws {Error} naming the records, if no record can be used.
 */
export async function findBySrv(
  lookups: Pick<Lookups, 'srv'>,
  discovery: DiscoveryOptions,
  plaintextRefusal: string | undefined,
): Promise<DiscoveredEndpoints> {
  const names = srvNames(discovery);
  const [tls, plaintext] = await Promise.all([
    ask(lookups, names.tls),
    plaintextRefusal === undefined ? ask(lookups, names.plaintext) : undefined,
  ]);
  if (tls.endpoints.length > 0) return { endpoints: withScheme('https', tls.endpoints), tls: true };
  if (plaintext && plaintext.endpoints.length > 0 && tls.isCertain)
    return { endpoints: withScheme('http', plaintext.endpoints), tls: false };
  const problems = [tls, plaintext].flatMap((answer) => answer?.problem ?? []);
  if (plaintextRefusal !== undefined)
    problems.push(`those of ${names.plaintext}, for plaintext, are not used: ${plaintextRefusal}`);
  throw new Error(`no member found by DNS: ${problems.join('; ')}`, { cause: tls.cause });
}

interface Answer {
  /** `host:port`, sorted by priority, then by name and port. */
  readonly endpoints: readonly string[];
  /** Why there are none; undefined if there are. */
  readonly problem?: string;
  /** Whether DNS answered. */
  readonly isCertain: boolean;
  readonly cause?: unknown;
}

async function ask(lookups: Pick<Lookups, 'srv'>, name: string): Promise<Answer> {
  try {
    const endpoints = toEndpoints(await lookups.srv(name));
    const problem = `the SRV records of ${name} name no host with a port`;
    return { endpoints, isCertain: true, ...(endpoints.length === 0 ? { problem } : {}) };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const problem = `SRV records of ${name}: ${code ?? message}`;
    return { endpoints: [], problem, isCertain: isAbsent(error), cause: error };
  }
}

/**
 * Priority and weight do not matter otherwise, as for etcdctl: each client prefers a member of its own. A target `.`
 * means that the service is not available (RFC 2782).
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc2782#page-3
 */
function toEndpoints(records: readonly SrvRecord[]): string[] {
  const endpoints = records
    .map((record) => ({ ...record, host: withoutRootDot(record.name) }))
    .filter(({ host, port }) => isServerName(host) && port > 0)
    .map(({ host, port, priority }) => ({ priority, endpoint: `${host}:${port}` }))
    .sort((a, b) => a.priority - b.priority || (a.endpoint < b.endpoint ? -1 : 1))
    .map(({ endpoint }) => endpoint);
  return [...new Set(endpoints)].slice(0, maxSrvRecords);
}

function withScheme(scheme: string, endpoints: readonly string[]): string[] {
  return endpoints.map((endpoint) => `${scheme}://${endpoint}`);
}
