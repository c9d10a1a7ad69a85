import type { Truth } from '../../truth.js';
import type { RequestFact } from '../history.js';
import { isInQueue } from '../log-keys.js';
import type { System } from '../messages.js';

/** A key in a queue, from its creation to its deletion. */
export interface Place {
  readonly key: string;
  readonly lease: bigint;
  readonly created: TruePoint;
  /** Undefined: it remains until the end. */
  readonly deleted: TruePoint | undefined;
  /** When it became the oldest; undefined if it never did. */
  readonly first: TruePoint | undefined;
}

/** `at` is when etcdctl received the revision: not before it happened. */
export interface TruePoint {
  readonly revision: bigint;
  readonly at: number;
}

/** The queue of one name in the truth. The oldest key owns the name. */
export class Queue {
  /** In order of creation. */
  readonly places: readonly Place[];
  readonly #byKey = new Map<string, Place[]>();

  constructor(truth: Truth, system: System, name: string) {
    const all = truth.keys(name).filter((key) => isInQueue(system, name, key));
    const open = all.flatMap((key) => placesOf(truth, key));
    this.places = withOwnership(open.sort((a, b) => compare(a.created.revision, b.created.revision)));
    for (const place of this.places)
      this.#byKey.set(place.key, [...(this.#byKey.get(place.key) ?? []), place]);
  }

  /** The places that own the name, in order. */
  get owners(): readonly (Place & { readonly first: TruePoint })[] {
    return this.places.filter((place): place is Place & { first: TruePoint } => place.first !== undefined);
  }

  placeAt(key: string, revision: bigint): Place | undefined {
    return this.#byKey.get(key)?.find((place) => isAt(place, revision));
  }

  /** The place that a request made which had announced its key at this time. */
  placeSince(key: string, at: number): Place | undefined {
    return this.#byKey.get(key)?.find(({ created }) => created.at >= at);
  }

  placeOfLease(key: string, lease: bigint): Place | undefined {
    return this.#byKey.get(key)?.find((place) => place.lease === lease);
  }

  isOwnerAt(place: Place, revision: bigint): boolean {
    return place.first !== undefined && place.first.revision <= revision && isAt(place, revision);
  }
}

function placesOf(truth: Truth, key: string): Omit<Place, 'first'>[] {
  const places: Omit<Place, 'first'>[] = [];
  let open: Omit<Place, 'first' | 'deleted'> | undefined;
  for (const { revision, at, kv } of truth.changesOf(key)) {
    if (kv && !open) open = { key, lease: kv.lease, created: { revision, at } };
    else if (!kv && open) {
      places.push({ ...open, deleted: { revision, at } });
      open = undefined;
    }
  }
  if (open) places.push({ ...open, deleted: undefined });
  return places;
}

/** A place becomes the oldest when the last older one is deleted, if it still exists then. */
function withOwnership(places: readonly Omit<Place, 'first'>[]): Place[] {
  let free: TruePoint | undefined = { revision: 0n, at: 0 };
  return places.map((place) => {
    if (!free) return { ...place, first: undefined };
    const first = free.revision > place.created.revision ? free : place.created;
    const leads = !place.deleted || place.deleted.revision > first.revision;
    if (!place.deleted) free = undefined;
    else if (place.deleted.revision > free.revision) free = place.deleted;
    return { ...place, first: leads ? first : undefined };
  });
}

function isAt({ created, deleted }: Place, revision: bigint): boolean {
  return created.revision <= revision && (!deleted || deleted.revision > revision);
}

function compare(a: bigint, b: bigint): number {
  return a < b ? -1 : 1;
}

const known = new WeakMap<Truth, Map<string, Queue>>();

/** The queue that a request waits in. */
export function queueOf(truth: Truth, { system, name }: Pick<RequestFact, 'system' | 'name'>): Queue {
  const ofTruth = known.get(truth) ?? new Map<string, Queue>();
  known.set(truth, ofTruth);
  const queue = ofTruth.get(name) ?? new Queue(truth, system, name);
  ofTruth.set(name, queue);
  return queue;
}
