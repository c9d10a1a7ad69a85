import { InvalidInputError } from '../errors/index.js';

/** A member's client address, parsed. */
export interface MemberAddress {
  /** As the user wrote it; this is how errors and status name the member. */
  readonly endpoint: string;
  /** `host:port`, an IPv6 host in brackets. */
  readonly address: string;
}

export interface ParsedEndpoints {
  readonly members: readonly MemberAddress[];
  /** Whether the endpoints say `https://`; undefined when none of them names a scheme. */
  readonly tls: boolean | undefined;
}

const withScheme = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/i;
const hostAndPort = /^(\[[0-9a-f:.%]+\]|[^\s:/@?#[\]]+):(\d{1,5})$/i;

/**
 * Reads `host:port`, `http://host:port` and `https://host:port`.
 * @throws {InvalidInputError} for an empty list, an unknown scheme, schemes that disagree about TLS, or an
 *   endpoint without a port. Go takes TLS from the first endpoint and says nothing of the others.
 */
export function parseEndpoints(endpoints: readonly string[]): ParsedEndpoints {
  // Callers in plain JavaScript pass a single string, or forget it.
  if (!Array.isArray(endpoints))
    throw new InvalidInputError(`endpoints is ${typeof endpoints}; it must be a list of strings`);
  if (endpoints.length === 0)
    throw new InvalidInputError('endpoints is empty: name at least one etcd member');
  const parsed = endpoints.map(parseEndpoint);
  const schemes = new Set(parsed.map((one) => one.tls).filter((tls) => tls !== undefined));
  if (schemes.size > 1) {
    throw new InvalidInputError(`endpoints mix http:// and https://: ${endpoints.join(', ')}`);
  }
  return { members: parsed, tls: [...schemes][0] };
}

function parseEndpoint(endpoint: string): MemberAddress & { readonly tls: boolean | undefined } {
  if (typeof endpoint !== 'string') throw new InvalidInputError(`endpoint ${endpoint} is not a string`);
  const [, scheme, rest] = withScheme.exec(endpoint) ?? [];
  const tls = tlsOf(scheme, endpoint);
  const address = (rest ?? endpoint).replace(/\/$/, '');
  const port = Number(hostAndPort.exec(address)?.[2] ?? Number.NaN);
  if (!(port >= 1 && port <= 65535)) {
    throw new InvalidInputError(
      `endpoint '${shown(endpoint)}' is not of the form host:port or http(s)://host:port`,
    );
  }
  return { endpoint, address, tls };
}

function tlsOf(scheme: string | undefined, endpoint: string): boolean | undefined {
  switch (scheme?.toLowerCase()) {
    case undefined:
      return undefined;
    case 'http':
      return false;
    case 'https':
      return true;
    default:
      throw new InvalidInputError(
        `endpoint '${shown(endpoint)}' has the unknown scheme '${scheme}': use http or https`,
      );
  }
}

/** Without a password that somebody put before the host. */
function shown(endpoint: string): string {
  return endpoint.replace(/^([^/]*\/\/)?[^/]*@/, '$1…@');
}
