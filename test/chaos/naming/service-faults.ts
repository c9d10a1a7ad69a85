import type { Random } from '../../sim/random.js';
import { type ActiveFault, type Fault, type FaultContext, noTarget, pause } from '../faults/fault.js';
import type { BackgroundWrites } from './background-writes.js';
import type { CurrentStore } from './convergence.js';
import type { HistoryRecorder } from './history-recorder.js';
import { recordOf } from './values.js';
import type { Worker } from './worker.js';
import { rareService } from './workers.js';

/** Faults of the records: changes by an operator, and losses that viewers cannot see. */
export function serviceFaults(
  workers: readonly Worker[],
  store: CurrentStore,
  background: BackgroundWrites,
  recorder: HistoryRecorder,
): readonly Fault[] {
  const registrars = workers.filter(({ role }) => role === 'registrar');
  const viewers = workers.filter(({ role }) => role === 'viewer');
  return [
    operatorFault('delete-record', registrars, store, (key) => background.deleteRecord(key)),
    operatorFault('revoke-lease', registrars, store, (_, lease) => background.revokeLease(lease)),
    {
      name: 'empty-unseen',
      durationMs: [300, 1_500],
      begin: () => emptyWhileCutOff(viewers, store, background, recorder),
    },
  ];
}

function operatorFault(
  name: string,
  registrars: readonly Worker[],
  store: CurrentStore,
  change: (key: string, lease: bigint) => Promise<void>,
): Fault {
  const begin = async (_: FaultContext, random: Random): Promise<ActiveFault> => {
    const kv = store.get(random.pick(registrars).key);
    const owner = registrars.find(({ incarnation }) => kv && recordOf(kv)?.incarnation === incarnation);
    if (!kv || !owner) return noTarget;
    const tookEffect = await change(kv.key, kv.lease).then(
      () => true,
      () => false,
    );
    return { target: owner.name, clients: [owner.name], end: async () => ({ tookEffect }) };
  };
  return { name, durationMs: [0, 500], begin };
}

const viewWaitMs = 5_000;

/** Cuts the viewers off from etcd, then deletes all records of a service that they have seen. */
async function emptyWhileCutOff(
  viewers: readonly Worker[],
  store: CurrentStore,
  background: BackgroundWrites,
  recorder: HistoryRecorder,
): Promise<ActiveFault> {
  background.pause();
  await background.fillRare();
  const hasCurrentView = ({ views }: Worker) => {
    const records = store.records(rareService);
    const shown = views.get(rareService);
    return records.size > 0 && shown?.unconfirmed.size === 0 && shown.records.size === records.size;
  };
  for (
    const until = performance.now() + viewWaitMs;
    performance.now() < until && !viewers.every(hasCurrentView);
  )
    await pause(20, new AbortController().signal);
  const links = viewers.flatMap((viewer) => viewer.links);
  for (const { proxy } of links) proxy.refuse();
  const unseenBy = viewers.filter(hasCurrentView).map(({ incarnation }) => incarnation);
  const revision = await background.emptyRare();
  recorder.add({ kind: 'emptied', service: rareService, revision, unseenBy });
  const end = async () => {
    for (const { proxy } of links) proxy.heal();
    background.resume();
    return { tookEffect: unseenBy.length > 0 };
  };
  return { target: unseenBy.join(' '), clients: viewers.map(({ name }) => name), end };
}
