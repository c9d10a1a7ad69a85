import assert from 'node:assert/strict';
import type { AsyncStream } from '#src/async/index.js';
import type { EtcdClient } from '#src/client/index.js';
import type { Leader, Term } from '#src/election/index.js';
import type { LeaseId } from '#src/model/index.js';
import { eventually } from './eventually.js';

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

/** The next term of a campaign. */
export async function nextTerm(terms: AsyncStream<Term>): Promise<Term> {
  const { value, done } = await terms.next();
  assert.ok(!done, 'the campaign ended');
  return value;
}

/**
 * Waits until a candidate of this name has a key that follows the given one in the queue, and asserts that the promise,
 * which is that candidate's, is pending.
 */
export async function waitsBehind(
  client: EtcdClient,
  name: string,
  key: Uint8Array,
  waiting: Promise<unknown>,
): Promise<void> {
  await eventually('a candidate waits', async () => {
    const { holder, waiters } = await client.lockQueue(name);
    const queue = holder ? [holder, ...waiters] : [];
    const position = queue.findIndex((entry) => entry.key.equals(key));
    return position >= 0 && queue.length > position + 1;
  });
  const isPending = Symbol();
  assert.equal(await Promise.race([waiting, Promise.resolve(isPending)]), isPending);
}

/** Waits until the election has no candidate. */
export async function isAbsent(client: EtcdClient, name: string): Promise<void> {
  await eventually('no candidate is left', async () => (await client.lockQueue(name)).holder === undefined);
}
