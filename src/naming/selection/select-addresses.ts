import { callPredicate, processWarningOnce } from '../../async/index.js';
import { combineTraits, isSameTraits } from '../balance/index.js';
import type { EndpointRecord } from '../endpoint.js';
import type { Selector } from './options.js';
import { addressOf, type SelectedAddress } from './selected-address.js';

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
export function selectAddresses(records: readonly EndpointRecord[], options: Selector): Selection {
  const unique = new Map<string, SelectedAddress>();
  let filtered = 0;
  let unusable = 0;
  for (const record of records) {
    if (!passesFilter(record, options.filter)) {
      filtered++;
      continue;
    }
    const selected = addressOf(record);
    if (!selected || !mayDial(selected, options)) {
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
  return { addresses: options.subset?.select(all) ?? all, filtered, unusable };
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
  return a.name === b?.name && (!weighted || isSameTraits(a.traits, b.traits));
}

function passesFilter(record: EndpointRecord, filter: Selector['filter']): boolean {
  return filter === undefined || Boolean(callPredicate(filter, record, filterFailed));
}

/** A value in etcd is data; it does not permit dialling a socket file. */
function mayDial({ address }: SelectedAddress, { allowUnix }: Selector): boolean {
  if (!('path' in address)) return true;
  return allowUnix !== undefined && callPredicate(allowUnix, address.path, allowUnixFailed) === true;
}

const filterFailed = processWarningOnce('filter');
const allowUnixFailed = processWarningOnce('allowUnix');
