/** Where the server listens. */
export interface ListenAddress {
  readonly scheme: 'http' | 'https';
  /** The host that it is bound to: an address or a name. */
  readonly host: string;
  readonly port: number;
}

/**
 * The names by which the page may be requested. A page of another origin can reach this server with a name of its own that
 * resolves to this machine (DNS rebinding), but the request then has that name as its Host.
 */
export class AllowedHosts {
  readonly #scheme: string;
  /** With the port, as browsers send it. */
  readonly #own: ReadonlySet<string>;
  /** Names that the user allowed, at any port: a proxy listens at another one. */
  readonly #named: ReadonlySet<string>;

  /** @param named host names without port. */
  constructor({ scheme, host, port }: ListenAddress, own: readonly string[], named: readonly string[]) {
    this.#scheme = scheme;
    const hosts = ['127.0.0.1', 'localhost', '::1', host, ...own];
    this.#own = new Set(hosts.map((name) => canonical(scheme, hostInUrl(name), port)));
    this.#named = new Set(named.map((name) => name.toLowerCase()));
  }

  /** Whether a Host header names this server. */
  allows(host: string | undefined): host is string {
    if (host === undefined) return false;
    return this.#own.has(canonical(this.#scheme, host)) || this.#isNamed(host);
  }

  /**
   * Whether an Origin is that of the page with this Host. Behind a proxy that terminates TLS its scheme differs from that
   * of this server.
   */
  isOwnOrigin(origin: string, host: string): boolean {
    const lower = host.toLowerCase();
    const isSame = (scheme: string) => origin === `${scheme}://${lower}`;
    return isSame(this.#scheme) || (this.#isNamed(host) && isSame('https'));
  }

  #isNamed(host: string): boolean {
    const name = /^([a-z0-9.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i.exec(host)?.[1];
    return name !== undefined && this.#named.has(name.toLowerCase());
  }
}

/** A host as a URL contains it: an IPv6 address is in brackets. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host.toLowerCase();
}

/** Browsers omit the default port of a scheme. */
function canonical(scheme: string, host: string, port?: number): string {
  const text = port === undefined ? host.toLowerCase() : `${host}:${port}`;
  return text.replace(scheme === 'https' ? /:443$/ : /:80$/, '');
}
