import { formatValue } from '../model/index.js';
import type { JsonValue } from '../naming/endpoint.js';
import { NamingError } from '../naming/errors.js';
import { type DnsService, maxima } from './core-dns-service.js';
import { metadataMembers } from './string-metadata.js';
import { wholeWeight } from './whole-weight.js';

/** The members of a record that are metadata of an endpoint. */
type Described = Pick<DnsService, 'priority' | 'weight' | 'text' | 'ttl' | 'targetstrip' | 'group'>;

/**
 * A record without a weight has this one in CoreDNS, and the weight 1 in this package.
 *
 * Specification: https://github.com/coredns/coredns/blob/v1.15.0/plugin/backend_lookup.go#L176-L206
 */
const defaultWeight = 100;

/** Returns the metadata of a record; undefined if it has none. */
export function toMetadata(service: DnsService): JsonValue | undefined {
  const { priority, weight, text, ttl, targetstrip, group } = service;
  const share = weight === undefined ? undefined : weight / defaultWeight;
  const members = Object.entries({ priority, weight: share, text, ttl, targetstrip, group });
  const present = members.filter((member): member is [string, string | number] => member[1] !== undefined);
  return present.length === 0 ? undefined : Object.fromEntries(present);
}

/**
 * Converts metadata to members of a record.
 * @throws {NamingError} for metadata that CoreDNS's format cannot express.
 */
export function fromMetadata(metadata: JsonValue | undefined): Described {
  const described: Described = {};
  for (const [name, value] of Object.entries(metadataMembers(metadata, 'coredns')))
    if (value !== undefined) describe(described, name, value);
  return described;
}

/** Zero and '' are refused: they have the meaning of an absent member, such as priority 10 and weight 100. */
function describe(described: Described, name: string, value: JsonValue): void {
  switch (name) {
    case 'weight':
      described.weight = toStoredWeight(value);
      return;
    case 'priority':
    case 'ttl':
    case 'targetstrip':
      if (!isWhole(value, maxima[name]))
        throw refused(name, value, `a whole number from 1 to ${maxima[name]}`);
      described[name] = value;
      return;
    case 'text':
    case 'group':
      if (typeof value !== 'string' || value === '') throw refused(name, value, 'a text that is not empty');
      described[name] = value;
      return;
    default:
      throw new NamingError(
        `metadata has '${name}', which the records of CoreDNS cannot express: they have weight, priority, ttl, text, targetstrip and group`,
      );
  }
}

function toStoredWeight(value: JsonValue): number {
  const stored = wholeWeight(value, defaultWeight);
  if (stored === undefined || stored > maxima.weight)
    throw refused('weight', value, 'a multiple of 0.01 that is not 0');
  return stored;
}

function isWhole(value: JsonValue, max: number): value is number {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= max;
}

function refused(name: string, value: JsonValue, expected: string): NamingError {
  return new NamingError(`metadata.${name} is ${formatValue(value)}; CoreDNS needs ${expected}`);
}
