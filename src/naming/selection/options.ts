import { type Check, callback, optionsChecker, text, wholeNumber } from '../../model/index.js';
import { Subset, type SubsetOptions } from '../balance/index.js';
import type { EndpointRecord } from '../endpoint.js';
import type { SelectedAddress } from './selected-address.js';

/** Which records of a service to use. */
export interface SelectionOptions {
  /** Returns whether to use a record. An exception or a promise counts as no, with one process warning. Default: all are used. */
  readonly filter?: (record: EndpointRecord) => boolean;
  /**
   * Limits the number of endpoints of each service that this process connects to, for services with too many endpoints to
   * connect to all. Each process selects different ones, and keeps them while they exist. Default: all endpoints.
   */
  readonly subset?: {
    /** The number of endpoints, at least 1. */
    readonly size: number;
    /** Distinguishes this process from others: equal seeds select the same endpoints. Default: random. */
    readonly seed?: string;
  };
  /** Returns whether the socket file of a record, `unix:/path`, may be dialled; gets the normalized path. Default: none may. */
  readonly allowUnix?: (path: string) => boolean;
}

/** {@link SelectionOptions}, resolved. */
export interface Selector {
  readonly filter?: ((record: EndpointRecord) => boolean) | undefined;
  readonly subset?: Subset<SelectedAddress> | undefined;
  /** An exception or a promise counts as no. */
  readonly allowUnix?: ((path: string) => boolean) | undefined;
}

const checkSubsetNames = optionsChecker<NonNullable<SelectionOptions['subset']>>({
  size: wholeNumber({ min: 1 }),
  seed: text,
});

const checkSubset: Check = (subset, name) => {
  checkSubsetNames(subset, name);
  wholeNumber({ min: 1 })((subset as NonNullable<SelectionOptions['subset']>).size, `${name}.size`);
};

/** The checks of {@link SelectionOptions}, for an options checker. */
export const selectionChecks = { filter: callback, subset: checkSubset, allowUnix: callback };

/** Random, to distinguish this process from others. */
const processSeed = Math.random().toString(36);

export function toSelector({ filter, subset, allowUnix }: SelectionOptions): Selector {
  return {
    filter,
    allowUnix,
    subset: subset && subsetOf({ size: subset.size, seed: subset.seed ?? processSeed }),
  };
}

/** A subset of addresses. */
export function subsetOf(options: SubsetOptions): Subset<SelectedAddress> {
  return new Subset(options, { keyOf: ({ name }) => name, isLast: isLastResort });
}

/**
 * Whether an address takes calls only if no other can. A subset of such addresses alone would give them new calls although
 * others exist.
 */
function isLastResort({ traits }: SelectedAddress): boolean {
  return traits.draining || traits.weight === 0;
}
