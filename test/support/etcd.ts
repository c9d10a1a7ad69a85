import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdHandle, type StartEtcdOptions, startEtcd } from '#src/testing/index.js';

/** What must be back where it was when a suite ends: whatever is left is a leak of ours, seen from the server. */
const GAUGES = ['etcd_debugging_mvcc_watch_stream_total', 'etcd_debugging_mvcc_watcher_total'];
const LEAK_PATIENCE_MS = 5_000;

/**
 * One etcd for the tests of a file or a `describe`, started before the first and closed after the last. Call it
 * where hooks may be called, and the function it returns inside tests.
 *
 * After the last test the server's watch streams and watchers must return to zero (external: to what they were)
 * within 5 s, else the suite fails. A suite that breaks its etcd leaves it running: an etcd that does not answer in
 * the end fails the suite too, since nothing could be checked.
 */
export function useEtcd(options: StartEtcdOptions = {}): () => EtcdHandle {
  let etcd: EtcdHandle | undefined;
  let gaugesBefore: readonly number[] | undefined;

  before('an etcd starts', async function () {
    // The first start on a machine may have to fetch one.
    this.timeout(300_000);
    etcd = await startEtcd(options);
    if (!etcd.canBreak) gaugesBefore = await readGauges(etcd);
  });

  after('etcd has no watch stream and no watcher left', async () => {
    if (!etcd) return;
    try {
      await watchersReturn(etcd, gaugesBefore);
    } finally {
      await etcd.close();
    }
  });

  return () => {
    if (!etcd) throw new Error('useEtcd(): the etcd is there only inside tests and hooks');
    return etcd;
  };
}

/**
 * For a test that pauses, kills, compacts or wipes: on an external etcd it is skipped, with a line that says so.
 * Call it first thing in the test or in a `before`.
 */
export function skipUnlessBreakable(context: Mocha.Context, etcd: EtcdHandle): void {
  if (!etcd.canBreak) skip(context, 'the etcd is external');
}

/** For what starts an etcd of its own, or breaks one: who names an external one for the tests wants neither. */
export function skipIfExternal(context: Mocha.Context): void {
  if (process.env['ETCD_TEST_SOURCE'] === 'external') skip(context, 'the etcd is external');
}

/** Skips a test, or in a `before` those that it is for, with a line that says why. */
export function skip(context: Mocha.Context, why: string): never {
  const { test } = context;
  const skipped = test && 'type' in test && test.type === 'hook' ? test.parent : test;
  console.error(`skipped, since ${why}: ${skipped?.fullTitle()}`);
  return context.skip();
}

/** A counter of etcd's that it keeps for each gRPC method; it counts what others call, too. */
export async function grpcCounter(etcd: EtcdHandle, name: string, method: string): Promise<number> {
  const lines = (await etcd.metrics()).split('\n');
  return lines
    .filter((line) => line.startsWith(`${name}{`) && line.includes(`grpc_method="${method}"`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Fails unless the server has no more watch streams and watchers than `expected`, by default none, within a while. */
export async function watchersReturn(
  etcd: EtcdHandle,
  expected: readonly number[] = GAUGES.map(() => 0),
  patienceMs = LEAK_PATIENCE_MS,
): Promise<void> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = await readGauges(etcd);
    const leaks = GAUGES.filter((_, i) => found[i]! > expected[i]!);
    if (leaks.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(
        `left on the server after the last test: ${GAUGES.map((name, i) => `${name} ${found[i]}`).join(', ')}`,
      );
    }
    await sleep(25);
  }
}

async function readGauges(etcd: EtcdHandle): Promise<number[]> {
  return Promise.all(GAUGES.map((name) => etcd.metric(name)));
}
