import { deserialize, serialize } from 'node:v8';
import type { Fact } from '../history.js';
import { Truth } from '../truth.js';
import type { Chapter, Limits, NamingFact } from './history.js';

/** A chapter as it is written down and kept. */
export interface Volume {
  readonly limits: Limits;
  /** What etcdctl told of the store. */
  readonly stored: readonly Fact[];
  readonly facts: readonly NamingFact[];
}

export function toChapter({ limits, stored, facts }: Volume): Chapter {
  const conflicts = stored.filter((fact) => fact.kind === 'conflict');
  return { limits, truth: new Truth(stored), facts: [...facts, ...conflicts] };
}

export function encode(volumes: readonly Volume[]): Buffer {
  return serialize(volumes);
}

export function decode(bytes: Buffer): readonly Volume[] {
  return deserialize(bytes) as readonly Volume[];
}
