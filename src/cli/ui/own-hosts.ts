import { networkInterfaces } from 'node:os';
import { isWildcard } from '../../internal.js';
import type { PageServerOptions } from './server/index.js';
import type { UiOptions } from './ui-options.js';

/** The names by which the page is reached, and the one to print. At a wildcard, each address of the machine reaches it. */
export function ownHosts({
  host,
  allowedHosts,
}: UiOptions): Pick<PageServerOptions, 'ownHosts' | 'publicHost'> {
  if (!isWildcard(host)) return { ownHosts: [], publicHost: host };
  const addresses = Object.values(networkInterfaces()).flatMap((infos = []) => infos);
  const outer = addresses.find(({ internal }) => !internal)?.address;
  return {
    ownHosts: addresses.map(({ address }) => address),
    publicHost: allowedHosts[0] ?? outer ?? '127.0.0.1',
  };
}
