import { setTimeout as sleep } from 'node:timers/promises';
import { type EtcdHandle, type StartEtcdOptions, startEtcd } from '#src/testing/index.js';

/** Gauges that must return to their initial values when a suite ends; a higher value is a leak of the client. */
const gauges = ['etcd_debugging_mvcc_watch_stream_total', 'etcd_debugging_mvcc_watcher_total'];
const leakTimeoutMs = 5_000;

/**
 * One etcd for the tests of a file or a `describe`, started before the first and closed after the last. Call it where
 * hooks may be called; call the returned function inside tests. After the last test, the server's watch streams and
 * watchers must return to zero (external etcd: to their initial values) within 5 s, else the suite fails. A suite that
 * breaks its etcd must leave it running, because an etcd that does not answer cannot be checked. With TLS or users, the
 * tests are skipped if the etcd is external.
 */
export function useEtcd(options: StartEtcdOptions = {}): () => EtcdHandle {
  let etcd: EtcdHandle | undefined;
  let gaugesBefore: readonly number[] | undefined;

  before('an etcd starts', async function () {
    // The first start on a machine may download etcd.
    this.timeout(300_000);
    if (options.tls || options.auth) skipIfExternal(this);
    etcd = await startEtcd(options);
    if (!etcd.canBreak) gaugesBefore = await readGauges(etcd);
  });

  after('etcd has no watch stream and no watcher left', async () => {
    if (!etcd) return;
    try {
      await waitForNoWatchers(etcd, gaugesBefore);
    } finally {
      await etcd.close();
    }
  });

  return () => {
    if (!etcd) throw new Error('useEtcd(): the etcd exists only inside tests and hooks');
    return etcd;
  };
}

/**
 * Skips a test that pauses, kills, compacts or wipes if the etcd is external. Call it first in the test or in a
 * `before`.
 */
export function skipUnlessBreakable(context: Mocha.Context, etcd: EtcdHandle): void {
  if (!etcd.canBreak) skip(context, 'the etcd is external');
}

/** Skips a test that starts or breaks its own etcd if an external one was requested. */
export function skipIfExternal(context: Mocha.Context): void {
  if (process.env['ETCD_TEST_SOURCE'] === 'external') skip(context, 'the etcd is external');
}

/** Skips a test, or in a `before` all its tests, and prints the reason. */
export function skip(context: Mocha.Context, why: string): never {
  const { test } = context;
  const skipped = test && 'type' in test && test.type === 'hook' ? test.parent : test;
  console.error(`skipped because ${why}: ${skipped?.fullTitle()}`);
  return context.skip();
}

/** One of etcd's per-method gRPC counters; it includes calls of other clients. */
export async function grpcCounter(etcd: EtcdHandle, name: string, method: string): Promise<number> {
  const lines = (await etcd.metrics()).split('\n');
  return lines
    .filter((line) => line.startsWith(`${name}{`) && line.includes(`grpc_method="${method}"`))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Waits until the server has at most the expected watch streams and watchers (default 0); rejects otherwise. */
export async function waitForNoWatchers(
  etcd: EtcdHandle,
  expected: readonly number[] = gauges.map(() => 0),
  timeoutMs = leakTimeoutMs,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const found = await readGauges(etcd);
    const leaks = gauges.filter((_, i) => found[i]! > expected[i]!);
    if (leaks.length === 0) return;
    if (performance.now() > deadline) {
      throw new Error(
        `left on the server after the last test: ${gauges.map((name, i) => `${name} ${found[i]}`).join(', ')}`,
      );
    }
    await sleep(25);
  }
}

async function readGauges(etcd: EtcdHandle): Promise<number[]> {
  return Promise.all(gauges.map((name) => etcd.metric(name)));
}
