import type { Truth } from '../../truth.js';
import { recordOf } from '../values.js';

/** From an incarnation's first put of a key to the delete, or to another owner's put, that ended it. */
export interface Tenure {
  readonly key: string;
  readonly incarnation: string;
  readonly from: TruePoint;
  readonly leases: ReadonlySet<bigint>;
  /** Undefined if it lasts until the end. */
  readonly to: TruePoint | undefined;
  readonly endedBy: 'delete' | 'put' | undefined;
}

export interface TruePoint {
  readonly revision: bigint;
  readonly at: number;
}

type OpenTenure = Omit<Tenure, 'leases' | 'to' | 'endedBy'> & { leases: Set<bigint> };

const known = new WeakMap<Truth, readonly Tenure[]>();

/** The owners of each key, in order. */
export function tenures(truth: Truth): readonly Tenure[] {
  const before = known.get(truth);
  if (before) return before;
  const all = truth.keys('').flatMap((key) => tenuresOf(key, truth));
  known.set(truth, all);
  return all;
}

function tenuresOf(key: string, truth: Truth): Tenure[] {
  const done: Tenure[] = [];
  let open: OpenTenure | undefined;
  for (const { revision, at, kv } of truth.changesOf(key)) {
    const incarnation = kv && recordOf(kv)?.incarnation;
    if (open && incarnation === open.incarnation) {
      open.leases.add(kv?.lease ?? 0n);
      continue;
    }
    if (open) done.push({ ...open, to: { revision, at }, endedBy: kv ? 'put' : 'delete' });
    open =
      kv && incarnation
        ? { key, incarnation, from: { revision, at }, leases: new Set([kv.lease]) }
        : undefined;
  }
  if (open) done.push({ ...open, to: undefined, endedBy: undefined });
  return done;
}
