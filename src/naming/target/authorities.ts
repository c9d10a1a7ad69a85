import type { NamingClient } from '../ports.js';

type Clients = ReadonlyMap<string, NamingClient>;

/** By scheme: the clients that its last registered resolver knows by the authority of a URI. */
const registered = new Map<string, Clients>();

/**
 * Makes the authorities of a resolver known to every function that takes a target. The returned function takes them
 * back, unless a later resolver has the scheme by then.
 */
export function registerAuthorities(scheme: string, clients: Clients): () => void {
  registered.set(scheme, clients);
  return () => {
    if (registered.get(scheme) === clients) registered.delete(scheme);
  };
}

/** The client that the scheme's resolver knows by this authority. */
export function clientOfAuthority(scheme: string, authority: string): NamingClient | undefined {
  return registered.get(scheme)?.get(authority);
}
