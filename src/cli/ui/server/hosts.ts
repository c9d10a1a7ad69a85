/** Where the server listens. */
export interface ListenAddress {
  readonly scheme: 'http' | 'https';
  readonly port: number;
}

/**
 * The names by which the page may be requested. A page of another origin can reach this server with a name of its own that
 * resolves to this machine (DNS rebinding), but the request then has that name as its Host. Browsers send hosts as the URL
 * parser writes them, so all are compared in that spelling.
 */
export class AllowedHosts {
  readonly #scheme: string;
  /** With the port, unless it is the default of the scheme. */
  readonly #own: ReadonlySet<string>;
  /** Names that the user allowed, at any port: a proxy listens at another one. */
  readonly #named: ReadonlySet<string>;

  /**
   * @param own addresses and names of this server, besides those of loopback.
   * @param named host names without port.
   */
  constructor({ scheme, port }: ListenAddress, own: readonly string[], named: readonly string[]) {
    this.#scheme = scheme;
    const hosts = ['127.0.0.1', 'localhost', '::1', ...own];
    this.#own = new Set(hosts.map((name) => parseHost(scheme, `${hostInUrl(name)}:${port}`)?.host ?? ''));
    this.#named = new Set(named.map((name) => parseHost(scheme, name)?.hostname ?? ''));
  }

  /** Whether a Host header names this server. */
  allows(host: string | undefined): host is string {
    const url = host === undefined ? undefined : parseHost(this.#scheme, host);
    return url !== undefined && (this.#own.has(url.host) || this.#isNamed(url));
  }

  /**
   * Whether an Origin is that of the page with this Host. Behind a proxy that terminates TLS its scheme differs from that
   * of this server.
   */
  isOwnOrigin(origin: string, host: string): boolean {
    const [own, secure] = [parseHost(this.#scheme, host), parseHost('https', host)];
    return origin === own?.origin || (this.#isNamed(secure) && origin === secure?.origin);
  }

  #isNamed(url: URL | undefined): boolean {
    return url !== undefined && this.#named.has(url.hostname);
  }
}

/** A host as a URL contains it: an IPv6 address is in brackets, and has no zone. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host.replace(/%.*$/s, '')}]` : host;
}

const hostPattern = /^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;

/** Undefined unless the text is a host, with or without a port. */
function parseHost(scheme: string, host: string): URL | undefined {
  if (!hostPattern.test(host)) return undefined;
  try {
    return new URL(`${scheme}://${host}`);
  } catch {
    return undefined;
  }
}
