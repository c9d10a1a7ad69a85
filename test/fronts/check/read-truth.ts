import { until } from '#src/testing/wait.js';
import { Etcdctl } from '../../chaos/etcdctl.js';
import { Journal } from '../../chaos/journal.js';
import { Truth } from '../../chaos/truth.js';
import { TruthLog, TruthRecorder } from '../../chaos/truth-recorder.js';

const timeoutMs = 15_000;

/** What etcd itself says, read without a front end and with etcd's own client. */
export interface StoreState {
  readonly truth: Truth;
  readonly leases: readonly bigint[];
}

/** @param endpoint `host:port` of etcd, without TLS. */
export async function readStore(etcdctl: string, endpoint: string): Promise<StoreState> {
  const tool = new Etcdctl(etcdctl);
  const revision = await tool.revision(endpoint);
  const journal = new Journal();
  const recorder = new TruthRecorder(tool, { name: 'm0', endpoint }, new TruthLog(journal));
  try {
    if (revision > 1n)
      await until(`etcdctl reports revision ${revision}`, { timeoutMs }, () => recorder.last >= revision);
  } finally {
    await recorder.close();
  }
  return { truth: new Truth(journal.facts), leases: await tool.leases(endpoint) };
}
