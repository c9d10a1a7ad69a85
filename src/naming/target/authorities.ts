import type { NamingClient } from '../ports.js';

type Clients = ReadonlyMap<string, NamingClient>;

/** The `authorities` of the resolver that was registered last, by scheme. */
const clientsByScheme = new Map<string, Clients>();

/**
 * Registers the authorities of a resolver for all functions that take a target. The returned function unregisters them,
 * unless a later resolver has replaced them.
 */
export function registerAuthorities(scheme: string, clients: Clients): () => void {
  clientsByScheme.set(scheme, clients);
  return () => {
    if (clientsByScheme.get(scheme) === clients) clientsByScheme.delete(scheme);
  };
}

/** Returns the client that the scheme's resolver assigns to the authority; undefined for none. */
export function clientForAuthority(scheme: string, authority: string): NamingClient | undefined {
  return clientsByScheme.get(scheme)?.get(authority);
}
