import { lookup, Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
import { ConcurrencyLimit } from '../../async/index.js';

/** An SRV record. */
export interface SrvRecord {
  /** The name of the target, with or without the final dot. */
  readonly name: string;
  readonly port: number;
  /** The lowest value is preferred. */
  readonly priority: number;
  readonly weight: number;
}

/** The questions to DNS. */
export interface Lookups {
  /** The IP addresses of a host, at least one, in the resolver's order. Rejects when there are none. */
  addresses(host: string): Promise<readonly string[]>;
  /** The SRV records of a name, at least one. Rejects when there are none. */
  srv(name: string): Promise<readonly SrvRecord[]>;
  /** Cancels the questions that can be cancelled. */
  close(): void;
}

/**
 * `getaddrinfo` occupies one of the four threads that Node has for files, DNS and cryptography, for 5 to 30 s if the
 * server does not answer.
 */
const maxThreads = 2;
/** The servers of `dns.servers` are asked twice. */
const serverOptions = { timeout: 1_500, tries: 2 };

/**
 * Asks as the system does: hosts by `getaddrinfo`, which reads the hosts file and adds search domains, and SRV records
 * at the servers of `resolv.conf`.
 */
export class SystemLookups implements Lookups {
  /** Made when first used: most clients need no SRV records. */
  #resolver: Resolver | undefined;
  readonly #limit = new ConcurrencyLimit(maxThreads);
  readonly #closing = new AbortController();
  /** A question that was not answered yet is not asked a second time. */
  readonly #pending = new Map<string, Promise<readonly string[]>>();

  addresses(host: string): Promise<readonly string[]> {
    const pending = this.#pending.get(host);
    if (pending !== undefined) return pending;
    const asked = this.#limit
      .run(() => lookup(host, { all: true }), this.#closing.signal)
      .then((found) => usable(found.map(({ address }) => address)))
      .finally(() => this.#pending.delete(host));
    this.#pending.set(host, asked);
    return asked;
  }

  srv(name: string): Promise<readonly SrvRecord[]> {
    this.#resolver ??= new Resolver(serverOptions);
    return this.#resolver.resolveSrv(name);
  }

  close(): void {
    this.#closing.abort();
    this.#resolver?.cancel();
  }
}

/** Asks given servers for everything, without the hosts file and search domains. */
export class ServerLookups implements Lookups {
  readonly #resolver = new Resolver(serverOptions);

  /**
   * @param servers `ip` or `ip:port`.
   * @throws {TypeError} for a server that is not an IP address.
   */
  constructor(servers: readonly string[]) {
    this.#resolver.setServers(servers);
  }

  async addresses(host: string): Promise<readonly string[]> {
    if (isIP(host) !== 0) return [host];
    const [v4, v6] = await Promise.allSettled([this.#resolver.resolve4(host), this.#resolver.resolve6(host)]);
    const found = usable([v4, v6].flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : [])));
    if (found.length === 0) throw v4.status === 'rejected' && !isAbsent(v4.reason) ? v4.reason : reasonOf(v6);
    return found;
  }

  srv(name: string): Promise<readonly SrvRecord[]> {
    return this.#resolver.resolveSrv(name);
  }

  close(): void {
    this.#resolver.cancel();
  }
}

/** Whether the answer was that the name or the record does not exist, rather than no answer or a failure of the server. */
export function isAbsent(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

function reasonOf(answer: PromiseSettledResult<unknown>): unknown {
  return answer.status === 'rejected' ? answer.reason : new Error('no usable address');
}

/** Omits repeated addresses, and link-local ones with a zone, which is valid on one machine only. */
function usable(addresses: readonly string[]): string[] {
  return [...new Set(addresses)].filter((address) => isIP(address) !== 0 && !address.includes('%'));
}
