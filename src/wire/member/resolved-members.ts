import { isIP, isIPv6 } from 'node:net';
import { isOwnHost } from '../../model/index.js';
import { addressListTarget } from './address-list.js';
import type { MemberAddress } from './endpoints.js';

/** The largest number of members that one name stands for: the first in the order of their addresses. */
const maxMembersOfName = 32;

/** The answers for names. */
export interface ResolvedNames {
  addressesOf(host: string): readonly string[] | undefined;
  failureOf(host: string): string | undefined;
}

/**
 * The name that has to be resolved for a member. Undefined for an IP address, a unix socket, and `localhost` or a name
 * below it: this machine's IPv4 and IPv6 addresses are one member, which grpc-js dials by either.
 */
export function nameOf({ socket, host, unresolved }: MemberAddress): string | undefined {
  return unresolved || 'path' in socket || isIP(host) !== 0 || isOwnHost(host) ? undefined : host;
}

/**
 * Returns the members that an endpoint stands for. Several addresses of one family are several members, named by their
 * addresses. One address, or one of each family, is one member, named by its endpoint. With several addresses of one
 * family, those of the other one are ignored, because DNS does not say which two belong to one member; the family of the
 * first address is used, as the system sorts addresses without a route last (RFC 6724).
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc6724#section-6
 */
export function resolveMember(member: MemberAddress, names: ResolvedNames): MemberAddress[] {
  const name = nameOf(member);
  if (name === undefined || !('host' in member.socket)) return [member];
  const { port } = member.socket;
  const found = names.addressesOf(name);
  if (!found)
    return [{ ...member, unresolved: () => names.failureOf(name) ?? `the name ${name} is not resolved yet` }];
  const [v4, v6] = [found.filter((ip) => !isIPv6(ip)), found.filter(isIPv6)];
  const at = (ips: readonly string[]) => atAddresses(member, ips);
  if (v4.length <= 1 && v6.length <= 1) return [at(found)];
  const family = isIPv6(found[0] ?? '') ? v6 : v4;
  const scheme = /^https?:\/\//i.exec(member.endpoint)?.[0] ?? '';
  return [...family]
    .sort()
    .slice(0, maxMembersOfName)
    .map((ip) => ({ ...at([ip]), endpoint: `${scheme}${withPort(ip, port)}` }));
}

/** The address of a member at all addresses of its name, which are dialled as one server's. */
export function atAddresses(member: MemberAddress, ips: readonly string[]): MemberAddress {
  if (!('host' in member.socket)) return member;
  const { port } = member.socket;
  const addresses = ips.map((ip) => withPort(ip, port));
  return {
    ...member,
    address: addresses.toSorted().join(','),
    target: addressListTarget(addresses),
    socket: { host: ips[0] ?? member.host, port },
    authority: member.authority ?? member.address,
  };
}

function withPort(ip: string, port: number): string {
  return isIPv6(ip) ? `[${ip}]:${port}` : `${ip}:${port}`;
}
