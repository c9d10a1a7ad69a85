import { deserialize, serialize } from 'node:v8';
import type { Fact } from '../history.js';
import { Truth } from '../truth.js';
import type { Limits, NamingFact, StoreHistory } from './history.js';

/** A history in the form that is saved to a file. */
export interface SavedStoreHistory {
  readonly limits: Limits;
  /** What etcdctl saw of the store. */
  readonly stored: readonly Fact[];
  readonly facts: readonly NamingFact[];
}

export function toStoreHistory({ limits, stored, facts }: SavedStoreHistory): StoreHistory {
  const conflicts = stored.filter((fact) => fact.kind === 'conflict');
  return { limits, truth: new Truth(stored), facts: [...facts, ...conflicts] };
}

export function encode(volumes: readonly SavedStoreHistory[]): Buffer {
  return serialize(volumes);
}

export function decode(bytes: Buffer): readonly SavedStoreHistory[] {
  return deserialize(bytes) as readonly SavedStoreHistory[];
}
