import { isIP } from 'node:net';
import { type JsonMember, readMembers } from '../naming/json/reader.js';
import { fieldName, readInt64, wrongValue } from './go-members.js';

/** CoreDNS's `msg.Service`. A member is undefined if it has Go's zero value, which CoreDNS does not write. */
export interface DnsService {
  host?: string | undefined;
  port?: number | undefined;
  priority?: number | undefined;
  weight?: number | undefined;
  text?: string | undefined;
  mail?: boolean | undefined;
  ttl?: number | undefined;
  targetstrip?: number | undefined;
  group?: string | undefined;
}

/** The greatest value of each number that has a meaning; CoreDNS cuts ports and priorities to 16 bits. */
export const maxima = {
  port: 65_535,
  priority: 65_535,
  weight: 2 ** 31 - 1,
  ttl: 2 ** 32 - 1,
  targetstrip: 2 ** 31 - 1,
};

const readers: { readonly [Name in keyof DnsService]-?: (member: JsonMember) => DnsService[Name] } = {
  host: toText,
  port: readInt64,
  priority: readInt64,
  weight: readInt64,
  text: toText,
  mail: toBoolean,
  ttl: toUint32,
  targetstrip: readInt64,
  group: toText,
};

/**
 * Reads a value as CoreDNS does, with Go's rules: names are case-insensitive, unknown names and null are skipped, and the
 * last of repeated names counts.
 *
 * Specification: https://github.com/coredns/coredns/blob/v1.15.0/plugin/etcd/msg/service.go#L14-L36
 *
 * @throws {EndpointDecodeError} for a value that CoreDNS does not read, and for a number that has no meaning in DNS.
 */
export function readService(value: Uint8Array): DnsService {
  const service: DnsService = {};
  for (const member of readMembers(value) ?? []) {
    const name = fieldName(member.name);
    if (member.value !== null && isMember(name))
      Object.assign(service, { [name]: readers[name](member) || undefined });
  }
  for (const [name, max] of Object.entries(maxima) as [keyof typeof maxima, number][]) {
    const number = service[name] ?? 0;
    if (!(number >= 0 && number <= max)) throw wrongValue(name, String(number), `a number from 0 to ${max}`);
  }
  return service;
}

/**
 * Whether CoreDNS answers with the text only: with a text, a host that is not an IP address is a TXT record.
 *
 * Specification: https://github.com/coredns/coredns/blob/v1.15.0/plugin/etcd/msg/type.go#L17-L32
 */
export function isText({ host = '', text }: DnsService): boolean {
  return text !== undefined && isName(host);
}

/**
 * Whether CoreDNS answers with another name than the host: it removes labels from a host that is a name, unless it has no
 * more than those. With an IP address it removes them from the key's name, which still leads to that address.
 *
 * Specification: https://github.com/coredns/coredns/blob/v1.15.0/plugin/etcd/msg/service.go#L40-L48,
 * https://github.com/coredns/coredns/blob/v1.15.0/plugin/etcd/msg/service.go#L164-L178
 */
export function isStrippedName({ host = '', targetstrip = 0 }: DnsService): boolean {
  const labels = host.replace(/\.$/, '').split('.').length;
  return targetstrip > 0 && targetstrip < labels && isName(host);
}

function isName(host: string): boolean {
  return isIP(host) === 0 || host.includes('%');
}

function isMember(name: string): name is keyof DnsService {
  return Object.hasOwn(readers, name);
}

function toText({ name, value, text }: JsonMember): string {
  if (typeof value !== 'string') throw wrongValue(name, text, 'a string');
  return value;
}

function toBoolean({ name, value, text }: JsonMember): boolean {
  if (typeof value !== 'boolean') throw wrongValue(name, text, 'true or false');
  return value;
}

function toUint32({ name, text }: JsonMember): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32)
    throw wrongValue(name, text, 'a number of seconds');
  return Number(text);
}
