import { posix } from 'node:path';
import { askRule, processWarningOnce } from '../../async/index.js';
import { parseAddress, type SocketAddress, type TcpAddress } from '../address/index.js';
import {
  combineTraits,
  readTraits,
  type SubsetOptions,
  selectSubset,
  type Traits,
} from '../balance/index.js';
import type { EndpointRecord } from '../endpoint.js';

/** Which of a service's records a channel is to use. */
export interface SelectionOptions {
  /** Says of a record whether to use it. Default: all. A throw or a promise counts as no, with one process warning. */
  readonly filter?: ((record: EndpointRecord) => boolean) | undefined;
  /** Use only so many, each process others. Default: all. */
  readonly subset?: SubsetOptions | undefined;
  /** Says of a socket file, by its normalized path, whether it may be dialled. Default: none may. A throw or a promise counts as no. */
  readonly allowUnix?: ((path: string) => boolean) | undefined;
}

/** An address to dial, and its share: one backend, however many records name it. */
export interface SelectedAddress {
  /** Unique in a list. */
  readonly name: string;
  readonly address: TcpAddress | SocketAddress;
  readonly traits: Traits;
}

export interface Selection {
  readonly addresses: readonly SelectedAddress[];
  /** Records that the filter left out. */
  readonly filtered: number;
  /** Records whose address cannot be dialled. */
  readonly unusable: number;
}

/**
 * Each address once, where its first record stands: grpc-js would connect to a repeated one again, and give it one more
 * share. What its records say is combined by {@link combineTraits}.
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
  const list = options.subset ? selectSubset(all, ({ name }) => name, options.subset, isLastResort) : all;
  return { addresses: list, filtered, unusable };
}

/** A subset of nothing but these would give them new calls although others are there. */
function isLastResort({ traits }: SelectedAddress): boolean {
  return traits.draining || traits.weight === 0;
}

/** Whether nothing has changed that a channel could notice; `weighted`: it looks at traits, too. */
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
  return filter === undefined || Boolean(askRule(filter, record, filterFailed));
}

function allowsSocket(allowUnix: SelectionOptions['allowUnix'], path: string): boolean {
  return allowUnix !== undefined && askRule(allowUnix, path, allowUnixFailed) === true;
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
  // A value in etcd is data, and no permission to dial a socket file.
  if (!allowsSocket(allowUnix, path)) return undefined;
  return { name: `unix:${path}`, address: { path }, traits };
}
