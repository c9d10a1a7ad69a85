import { kvSituations } from './kv.js';
import { leaseSituations } from './leases.js';
import type { Situation } from './situation.js';
import { watchSituations } from './watches.js';

/** The situations of docs/migrating/from-etcd3.md, by the text of the first cell. */
export const situations: Readonly<Record<string, Situation>> = {
  ...kvSituations,
  ...watchSituations,
  ...leaseSituations,
};
