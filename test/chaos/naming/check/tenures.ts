import type { Truth } from '../../truth.js';
import { recordOf } from '../values.js';

/** From a life's first put of a key to the delete, or another's put, that ended it. */
export interface Tenure {
  readonly key: string;
  readonly life: string;
  readonly from: Moment;
  readonly leases: ReadonlySet<bigint>;
  /** Undefined when it lasts to the end. */
  readonly to: Moment | undefined;
  readonly endedBy: 'delete' | 'put' | undefined;
}

export interface Moment {
  readonly revision: bigint;
  readonly at: number;
}

type Open = Omit<Tenure, 'leases' | 'to' | 'endedBy'> & { leases: Set<bigint> };

const known = new WeakMap<Truth, readonly Tenure[]>();

/** Who held which key, key by key, in order. */
export function tenures(truth: Truth): readonly Tenure[] {
  const before = known.get(truth);
  if (before) return before;
  const all = truth.keys('').flatMap((key) => tenuresOf(key, truth));
  known.set(truth, all);
  return all;
}

function tenuresOf(key: string, truth: Truth): Tenure[] {
  const done: Tenure[] = [];
  let open: Open | undefined;
  for (const { revision, at, kv } of truth.changesOf(key)) {
    const life = kv && recordOf(kv)?.life;
    if (open && life === open.life) {
      open.leases.add(kv?.lease ?? 0n);
      continue;
    }
    if (open) done.push({ ...open, to: { revision, at }, endedBy: kv ? 'put' : 'delete' });
    open = kv && life ? { key, life, from: { revision, at }, leases: new Set([kv.lease]) } : undefined;
  }
  if (open) done.push({ ...open, to: undefined, endedBy: undefined });
  return done;
}
