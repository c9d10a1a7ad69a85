import { BlockList, isIP } from 'node:net';

const wildcards = new BlockList();
wildcards.addSubnet('0.0.0.0', 8, 'ipv4');
wildcards.addAddress('::', 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** Whether a host means each caller's own, `localhost` and loopback addresses as well as wildcards, in any spelling. */
export function isOwnHost(host: string): boolean {
  return isWildcard(host) || has(loopback, host) || /^127(\.\d+){1,2}$|^([^.]+\.)*localhost\.?$/i.test(host);
}

/** Whether a host stands for all addresses of whoever uses it; `0` is short for one, as resolvers take it. */
export function isWildcard(host: string): boolean {
  return has(wildcards, host) || /^0(\.0){0,2}$/.test(host);
}

/** IPv4 inside IPv6 counts as IPv4. */
function has(list: BlockList, host: string): boolean {
  const version = isIP(host);
  return version !== 0 && list.check(host, version === 4 ? 'ipv4' : 'ipv6');
}
