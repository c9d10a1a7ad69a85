import type { NamingClient } from '../ports.js';

type Clients = ReadonlyMap<string, NamingClient>;

/** By scheme: the clients that its last registered resolver knows by the authority of a URI. */
const clientsByScheme = new Map<string, Clients>();

/**
 * Makes the authorities of a resolver known to every function that takes a target. The returned function takes them
 * back, unless a later resolver has the scheme by then.
 */
export function registerAuthorities(scheme: string, clients: Clients): () => void {
  clientsByScheme.set(scheme, clients);
  return () => {
    if (clientsByScheme.get(scheme) === clients) clientsByScheme.delete(scheme);
  };
}

/** The client that the scheme's resolver knows by this authority. */
export function clientForAuthority(scheme: string, authority: string): NamingClient | undefined {
  return clientsByScheme.get(scheme)?.get(authority);
}
