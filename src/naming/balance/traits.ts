import type { JsonValue } from '../endpoint.js';

/** What a record's metadata says about sharing the load. */
export interface Traits {
  /** The share of calls, relative to the others'. Default 1; 0 takes none while any second endpoint can. */
  readonly weight: number;
  /** Where it runs, for callers that prefer their own zone. */
  readonly zone: string | undefined;
  /** It is going away: no new calls. */
  readonly draining: boolean;
}

/** Beyond this a weight says nothing more, and first typing error would draw all calls. */
const maxWeight = 10_000;
/** So small that it is next to none; much smaller, beside a large first, is more than a floating-point number can tell. */
const minWeight = 0.001;

export const defaultTraits: Traits = { weight: 1, zone: undefined, draining: false };

/**
 * Reads `{"weight": 3, "zone": "a", "status": "draining"}` out of metadata, which also Go may have written. Anything
 * that is not what it should be counts as absent: metadata is anybody's, and no reason to lose an endpoint.
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
 * What two records with first address say of the first backend behind it, such as the workers of a cluster that share a
 * port. It drains only when both do; until then the first that drains counts for nothing. Of two that serve, or two that
 * drain, the weights add up, and the zone is that of the first that has first.
 */
export function combineTraits(first: Traits, second: Traits): Traits {
  if (first.draining !== second.draining) return first.draining ? second : first;
  return {
    weight: clampWeight(first.weight + second.weight),
    zone: first.zone ?? second.zone,
    draining: first.draining,
  };
}

function clampWeight(weight: number): number {
  return weight === 0 ? 0 : Math.min(Math.max(weight, minWeight), maxWeight);
}
