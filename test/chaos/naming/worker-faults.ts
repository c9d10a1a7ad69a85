import type { Etcdctl } from '../etcdctl.js';
import { type ActiveFault, type Fault, type FaultContext, noTarget, pause } from '../faults/fault.js';
import type { CurrentStore } from './convergence.js';
import type { HistoryRecorder } from './history-recorder.js';
import type { Command, Report } from './messages.js';
import { recordOf } from './values.js';
import type { Worker } from './worker.js';

/** Faults of the worker processes. */
export function workerFaults(
  workers: readonly Worker[],
  store: CurrentStore,
  etcdctl: Etcdctl,
  recorder: HistoryRecorder,
): readonly Fault[] {
  const registrars = workers.filter(({ role }) => role === 'registrar');
  const viewers = workers.filter(({ role }) => role === 'viewer');
  const rivals = registrars.filter(({ key }) => registrars.filter((other) => other.key === key).length > 1);
  const owners = () => registrars.filter((worker) => ownerOf(worker, store) === worker.incarnation);
  const owner = () => owners().filter((worker) => rivals.includes(worker));
  const closing = (worker: Worker, context: FaultContext) => close(worker, context, etcdctl, recorder, false);
  return [
    pauseFault('pause-registrar', () => registrars, [500, 8_000]),
    pauseFault('pause-viewer', () => viewers, [500, 8_000]),
    killFault('kill-registrar', () => registrars, [200, 6_000]),
    killFault('kill-viewer', () => viewers, [200, 2_000]),
    killFault('kill-owner', owner, [4_500, 7_000]),
    pauseFault('pause-owner', owner, [4_500, 7_000]),
    workerFault('close-registrar', owners, [300, 1_500], closing),
    workerFault(
      'close-cut-off',
      () => registrars,
      [4_500, 5_500],
      (worker, context) => close(worker, context, etcdctl, recorder, true),
    ),
    workerFault(
      'unsubscribe-viewer',
      () => viewers,
      [1_000, 2_000],
      (worker) => endViewer(worker, 'unsubscribe'),
    ),
    workerFault(
      'close-viewer',
      () => viewers,
      [1_000, 2_000],
      (worker) => endViewer(worker, 'close'),
    ),
  ];
}

function ownerOf({ key }: Worker, store: CurrentStore): string | undefined {
  const kv = store.get(key);
  return kv && recordOf(kv)?.incarnation;
}

/** Pauses the process (SIGSTOP), possibly for longer than its lease's TTL. */
function pauseFault(name: string, workers: () => readonly Worker[], durationMs: Fault['durationMs']): Fault {
  return workerFault(name, workers, durationMs, (worker) => {
    worker.pause();
    return Promise.resolve(() => Promise.resolve(worker.resume()));
  });
}

function killFault(name: string, workers: () => readonly Worker[], durationMs: Fault['durationMs']): Fault {
  return workerFault(name, workers, durationMs, async (worker) => {
    await worker.kill();
    return async () => worker.start();
  });
}

/** Closes the registration. The process stays for a while, so that a late write would be seen, and is then replaced. */
async function close(
  worker: Worker,
  context: FaultContext,
  etcdctl: Etcdctl,
  recorder: HistoryRecorder,
  cutOff: boolean,
): Promise<Heal> {
  if (cutOff) for (const { proxy } of worker.links) proxy.blackhole();
  const report = (await worker.request('close')) as Report & { type: 'closed' };
  const revision = await etcdctl.revision((await context.cluster.leader()).endpoint);
  recorder.add({
    kind: 'closed',
    incarnation: worker.incarnation,
    from: report.from,
    to: report.to,
    cutOff,
    revision,
  });
  return async () => {
    await worker.kill();
    if (cutOff) for (const { proxy } of worker.links) proxy.heal();
    worker.start();
  };
}

async function endViewer(worker: Worker, command: Command): Promise<Heal> {
  await worker.request(command);
  return async () => {
    await worker.kill();
    worker.start();
  };
}

type Heal = () => Promise<void>;

/** Long enough for a rival to take over. */
const targetWaitMs = 10_000;

function workerFault(
  name: string,
  workers: () => readonly Worker[],
  durationMs: Fault['durationMs'],
  begin: (worker: Worker, context: FaultContext) => Promise<Heal>,
): Fault {
  return {
    name,
    durationMs,
    async begin(context, random): Promise<ActiveFault> {
      for (const until = performance.now() + targetWaitMs; performance.now() < until; ) {
        if (workers().length > 0) break;
        await pause(50, new AbortController().signal);
      }
      if (workers().length === 0) return noTarget;
      const worker = random.pick(workers());
      const heal = await begin(worker, context);
      const end = async () => {
        await heal();
        return { tookEffect: true };
      };
      return { target: worker.name, clients: [worker.name], end };
    },
  };
}
