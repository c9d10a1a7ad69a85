import assert from 'node:assert/strict';
import type { AsyncStream } from '#src/async/index.js';
import type { EtcdClient } from '#src/client/index.js';
import type { Leader } from '#src/election/index.js';
import type { LeaseId } from '#src/model/index.js';

/** Writes a candidate's key as another program would: Go's format, with a lease that is not renewed. */
export async function addCandidate(client: EtcdClient, name: string, value: string): Promise<Candidate> {
  const { id } = await client.lease.grant({ ttlSeconds: 300 });
  const key = `${name}/${id.toString(16)}`;
  const { revision } = await client.kv.put(key, value, { lease: id });
  return {
    key,
    lease: id,
    revision,
    leave: () => client.lease.revoke(id),
    proclaim: async (newValue) => {
      await client.kv.put(key, newValue, { lease: id });
    },
  };
}

export interface Candidate {
  readonly key: string;
  readonly lease: LeaseId;
  /** The create revision of the key. */
  readonly revision: bigint;
  leave(): Promise<void>;
  proclaim(value: string): Promise<void>;
}

/** The next state of an observation: the leader's value; undefined when there is no leader. */
export async function nextValue(observation: AsyncStream<Leader | undefined>): Promise<string | undefined> {
  const { value, done } = await observation.next();
  assert.ok(!done, 'the observation ended');
  return value?.value.toString();
}

/** Asserts that the next states of an observation are these. */
export async function seesNext(
  observation: AsyncStream<Leader | undefined>,
  ...values: readonly (string | undefined)[]
): Promise<void> {
  for (const value of values) assert.equal(await nextValue(observation), value);
}
