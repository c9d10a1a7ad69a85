import { KvClientImpl, type RangeBatch } from '#src/kv/index.js';
import { FakeClock } from '../lease/fakes.js';
import type { ScriptedKv } from './scripted-kv.js';

/** All keys of a scripted server. */
export const everything = { prefix: 'k' };

export function clientOf(
  server: ScriptedKv,
  clock = new FakeClock(),
  closing: AbortSignal = new AbortController().signal,
) {
  return new KvClientImpl(server, 128, { clock, timeoutMs: 9_000, closing });
}

/** Reads the stream to its end and returns all keys and revisions. */
export async function drain(stream: AsyncIterable<RangeBatch>) {
  const names: string[] = [];
  const revisions = new Set<bigint>();
  let batches = 0;
  for await (const { kvs, revision } of stream) {
    for (const { key } of kvs) names.push(String(key));
    revisions.add(revision);
    batches++;
  }
  return { names, revisions: [...revisions], batches };
}

/** Waits until pending promises and callbacks have run. */
export async function settlePromises(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise(setImmediate);
}
