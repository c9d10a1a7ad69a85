import { posix } from 'node:path';
import { callPredicate, processWarningOnce } from '../../../async/index.js';
import { parseAddress, type SocketAddress, type TcpAddress } from '../../address/index.js';
import {
  combineTraits,
  readTraits,
  type SubsetOptions,
  selectSubset,
  type Traits,
} from '../../balance/index.js';
import type { EndpointRecord } from '../../endpoint.js';

/** Which records of a service a channel uses. */
export interface SelectionOptions {
  /** Returns whether to use a record. An exception or a promise counts as no, with one process warning. Default: all are used. */
  readonly filter?: ((record: EndpointRecord) => boolean) | undefined;
  /** Use only a part of the addresses. Default: all. */
  readonly subset?: SubsetOptions | undefined;
  /** Returns whether the socket file with the normalized path may be dialled. An exception or a promise counts as no. Default: none may. */
  readonly allowUnix?: ((path: string) => boolean) | undefined;
}

/** An address to dial with its traits. It stands for one backend, however many records have the address. */
export interface SelectedAddress {
  /** Unique within a selection. */
  readonly name: string;
  readonly address: TcpAddress | SocketAddress;
  readonly traits: Traits;
}

/** The result of {@link selectAddresses}. */
export interface Selection {
  readonly addresses: readonly SelectedAddress[];
  /** The number of records that the filter rejected. */
  readonly filtered: number;
  /** The number of records whose address cannot be dialled. */
  readonly unusable: number;
}

/**
 * Selects each address once, at the position of its first record: grpc-js would connect twice to a repeated address, and
 * give it two shares. {@link combineTraits} combines the traits of its records.
 *
 * Specification: https://github.com/grpc/proposal/blob/master/A61-IPv4-IPv6-dualstack-backends.md
 */
export function selectAddresses(records: readonly EndpointRecord[], options: SelectionOptions): Selection {
  const unique = new Map<string, SelectedAddress>();
  let filtered = 0;
  let unusable = 0;
  for (const record of records) {
    if (!passesFilter(record, options.filter)) {
      filtered++;
      continue;
    }
    const selected = toSelectedAddress(record, options);
    if (!selected) {
      unusable++;
      continue;
    }
    const same = unique.get(selected.name);
    unique.set(
      selected.name,
      same ? { ...same, traits: combineTraits(same.traits, selected.traits) } : selected,
    );
  }
  const all = [...unique.values()];
  const addresses = options.subset
    ? selectSubset(all, ({ name }) => name, options.subset, isLastResort)
    : all;
  return { addresses, filtered, unusable };
}

/**
 * Whether an address takes calls only if no other can. A subset of such addresses alone would give them new calls although
 * others exist.
 */
function isLastResort({ traits }: SelectedAddress): boolean {
  return traits.draining || traits.weight === 0;
}

/** Whether a channel would see no difference between two selections. `weighted`: its policy uses traits. */
export function isSameSelection(
  a: readonly SelectedAddress[],
  b: readonly SelectedAddress[],
  weighted: boolean,
): boolean {
  return a.length === b.length && a.every((one, i) => isSameAddress(one, b[i], weighted));
}

function isSameAddress(a: SelectedAddress, b: SelectedAddress | undefined, weighted: boolean): boolean {
  if (a.name !== b?.name) return false;
  if (!weighted) return true;
  return (
    a.traits.weight === b.traits.weight &&
    a.traits.zone === b.traits.zone &&
    a.traits.draining === b.traits.draining
  );
}

function passesFilter(record: EndpointRecord, filter: SelectionOptions['filter']): boolean {
  return filter === undefined || Boolean(callPredicate(filter, record, filterFailed));
}

function allowsSocket(allowUnix: SelectionOptions['allowUnix'], path: string): boolean {
  return allowUnix !== undefined && callPredicate(allowUnix, path, allowUnixFailed) === true;
}

const filterFailed = processWarningOnce('filter');
const allowUnixFailed = processWarningOnce('allowUnix');

function toSelectedAddress(
  record: EndpointRecord,
  { allowUnix }: SelectionOptions,
): SelectedAddress | undefined {
  const parsed = parseAddress(record.addr);
  if ('problem' in parsed) return undefined;
  const traits = readTraits(record.metadata);
  if ('tcp' in parsed) return { name: parsed.name, address: parsed.tcp, traits };
  // A rule such as "below /run/app/" must see the file that is dialled: `/run/app/../x` is not below it.
  const path = posix.normalize(parsed.socket.path);
  // A value in etcd is data; it does not permit dialling a socket file.
  if (!allowsSocket(allowUnix, path)) return undefined;
  return { name: `unix:${path}`, address: { path }, traits };
}
