import { randomBytes } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import { isWildcard } from '../../internal.js';
import type { PageServerOptions } from './server/index.js';
import type { UiOptions } from './ui-options.js';

/** Where the page listens, and by which names it is reached. */
export type OwnHosts = Pick<PageServerOptions, 'addresses' | 'ownHosts' | 'publicHost'>;

/** Browsers try both, so both are taken: otherwise another process could listen at the second. */
const loopbackAddresses = ['127.0.0.1', '::1'];

/** The addresses to listen at, the names by which the page is reached there, and the one to print. */
export function ownHosts({ host, tls, allowedHosts }: UiOptions): OwnHosts {
  if (isWildcard(host)) return wildcardHosts(host, allowedHosts);
  if (host !== 'localhost' && !loopbackAddresses.includes(host))
    return { addresses: [host], publicHost: host };
  // With TLS the certificate names the page, and no other process can answer for it.
  return { addresses: loopbackAddresses, publicHost: tls ? host : newLoopbackName() };
}

/**
 * A name below `localhost`, which browsers resolve to loopback. An origin that no process had before: what another one on
 * the same port left in the browser, such as a service worker or a cached file, concerns its own origin alone.
 */
function newLoopbackName(): string {
  return `${randomBytes(10).toString('hex')}.localhost`;
}

/** At a wildcard, each address of the machine reaches the page. */
function wildcardHosts(host: string, allowedHosts: readonly string[]): OwnHosts {
  const addresses = Object.values(networkInterfaces()).flatMap((infos = []) => infos);
  const outer = addresses.find(({ internal }) => !internal)?.address;
  return {
    addresses: [host],
    ownHosts: addresses.map(({ address }) => address),
    publicHost: allowedHosts[0] ?? outer ?? '127.0.0.1',
  };
}
