import type { JsonValue } from '../endpoint.js';

/** The part of a record's metadata that controls load balancing. */
export interface Traits {
  /** The share of calls relative to other endpoints. Default 1; 0 takes no calls while another endpoint can. */
  readonly weight: number;
  /** The zone of the endpoint, for callers that prefer their own zone; undefined when there is none. */
  readonly zone: string | undefined;
  /** Whether the endpoint is draining: it takes no new calls while another endpoint can. */
  readonly draining: boolean;
}

/** Limits the effect of a mistyped weight, which could otherwise attract all calls. */
const maxWeight = 10_000;
/** Practically no calls. Floating-point sums would lose much smaller weights beside large ones. */
const minWeight = 0.001;

export const defaultTraits: Traits = { weight: 1, zone: undefined, draining: false };

/**
 * Reads `{"weight": 3, "zone": "a", "status": "draining"}` from metadata, which a Go client may have written. A field of
 * the wrong type counts as absent: anyone may write metadata, and an endpoint must stay usable whatever it contains.
 */
export function readTraits(metadata: JsonValue | undefined): Traits {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return defaultTraits;
  const { weight, zone, status } = metadata as { readonly [name: string]: JsonValue | undefined };
  return {
    weight: typeof weight === 'number' && weight >= 0 ? clampWeight(weight) : defaultTraits.weight,
    zone: typeof zone === 'string' && zone !== '' ? zone : undefined,
    draining: status === 'draining',
  };
}

/**
 * Combines the traits of two records with one address, such as those of cluster workers that share a port. If only one of
 * them is draining, its record is ignored. Otherwise the weights are added, and the zone is that of the first record that
 * has one.
 */
export function combineTraits(first: Traits, second: Traits): Traits {
  if (first.draining !== second.draining) return first.draining ? second : first;
  return {
    weight: clampWeight(first.weight + second.weight),
    zone: first.zone ?? second.zone,
    draining: first.draining,
  };
}

export function isSameTraits(a: Traits, b: Traits): boolean {
  return a === b || (a.weight === b.weight && a.zone === b.zone && a.draining === b.draining);
}

function clampWeight(weight: number): number {
  return weight === 0 ? 0 : Math.min(Math.max(weight, minWeight), maxWeight);
}
