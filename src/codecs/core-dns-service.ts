import { isIP } from 'node:net';
import { EndpointDecodeError } from '../naming/errors.js';
import { type JsonMember, readMembers } from '../naming/json/reader.js';

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
  port: toInt64,
  priority: toInt64,
  weight: toInt64,
  text: toText,
  mail: toBoolean,
  ttl: toUint32,
  targetstrip: toInt64,
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
    const name = foldName(member.name);
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
  return text !== undefined && (isIP(host) === 0 || host.includes('%'));
}

function isMember(name: string): name is keyof DnsService {
  return Object.hasOwn(readers, name);
}

/**
 * Go compares names by Unicode case folding, in which U+017F is an S.
 *
 * Specification: https://github.com/golang/go/blob/go1.26.8/src/encoding/json/fold.go#L14
 */
function foldName(name: string): string {
  return name.replaceAll('\u017f', 's').toLowerCase();
}

function toText({ name, value, text }: JsonMember): string {
  if (typeof value !== 'string') throw wrongValue(name, text, 'a string');
  return value;
}

function toBoolean({ name, value, text }: JsonMember): boolean {
  if (typeof value !== 'boolean') throw wrongValue(name, text, 'true or false');
  return value;
}

/** Go reads only digits into a whole number: `1.0` and `1e2` are errors. No number of 64 bits has over 20 characters. */
function toInt64({ name, text }: JsonMember): number {
  if (!/^-?\d{1,19}$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text))
    throw wrongValue(name, text, 'a whole number');
  return Number(text);
}

function toUint32({ name, text }: JsonMember): number {
  if (!/^\d{1,10}$/.test(text) || Number(text) >= 2 ** 32)
    throw wrongValue(name, text, 'a number of seconds');
  return Number(text);
}

function wrongValue(name: string, text: string, expected: string): EndpointDecodeError {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text;
  return new EndpointDecodeError(`${name} is ${shown}, not ${expected}`);
}
