import type { EtcdClient } from '#src/index.js';
import type { Random } from '../../sim/random.js';
import { type ActiveFault, type Fault, type FaultContext, noTarget, pause } from '../faults/fault.js';
import { nowMs } from '../naming/clock.js';
import type { OpenRequest, Recorder } from './recorder.js';
import type { Worker } from './worker.js';

/** The workers of one system and role, which are compared with others. */
export interface Group {
  readonly label: string;
  readonly workers: readonly Worker[];
  readonly recorder: Recorder;
}

/** Faults of the processes of one group, and of their keys. */
export function processFaults(group: Group, operator: EtcdClient): readonly Fault[] {
  const { ttlMs } = group.recorder.limits;
  const twice = [2 * ttlMs, 2 * ttlMs + 1_000] as const;
  const faults: Fault[] = [
    killFault('kill-holder', group, isHeld),
    killFault('kill-waiter', group, isWaiting),
    pauseFault('pause-holder', group, isHeld, twice),
    pauseFault('pause-waiter', group, isWaiting, twice),
    pauseFault('pause-briefly', group, isHeld, [300, ttlMs - 500]),
    cutOffFault('cut-off-holder', group, isHeld, [ttlMs + 1_000, 2 * ttlMs]),
    cutOffFault('cut-off-waiter', group, isWaiting, [ttlMs + 1_000, 2 * ttlMs]),
  ];
  // Others have no watch of their own key, and use a key again.
  if (group.workers.every(({ config }) => config.system === 'ours')) {
    faults.push(
      byHandFault('delete-key', group, isHeld, operator),
      byHandFault('delete-waiting-key', group, isWaiting, operator),
      byHandFault('revoke-lease', group, isHeld, operator),
      deleteWhilePaused(group, operator),
    );
  }
  return faults;
}

/** The changes by hand alone, for times without other faults: whether they are noticed in time is seen only then. */
export function handFaults(group: Group, operator: EtcdClient): readonly Fault[] {
  return processFaults(group, operator).filter(({ name }) => handFaultNames.includes(name));
}

/** These do not prevent a worker from noticing what happened to its key. */
export const handFaultNames: readonly string[] = ['delete-key', 'delete-waiting-key', 'revoke-lease'];

/** The name of a fault as it is counted, and the group that it concerns. */
export function processFaultNames(): readonly string[] {
  return [
    ...['kill-holder', 'kill-waiter', 'pause-holder', 'pause-waiter', 'pause-briefly'],
    ...['cut-off-holder', 'cut-off-waiter', ...handFaultNames, 'delete-while-paused'],
  ];
}

type Choice = (request: OpenRequest) => boolean;

/** Long enough that it is still held when the fault takes effect. */
const isHeld: Choice = ({ holding }) =>
  holding !== undefined && holding.lost === undefined && holding.until - nowMs() > 150;

/** etcd3 has no waiters; its processes between two attempts are taken for them. */
const isWaiting: Choice = ({ failed, holding, keys, system }) =>
  failed === undefined && holding === undefined && (keys.length > 0 || system === 'etcd3');

interface Target {
  readonly worker: Worker;
  readonly request: OpenRequest;
}

const targetWaitMs = 3_000;

async function findTarget(group: Group, choice: Choice, random: Random): Promise<Target | undefined> {
  for (const until = nowMs() + targetWaitMs; nowMs() < until; ) {
    const targets = group.workers
      .filter(({ isRunning }) => isRunning)
      .flatMap((worker) =>
        group.recorder
          .openOf(worker.incarnation)
          .flatMap((request) => (choice(request) ? [{ worker, request }] : [])),
      );
    if (targets.length > 0) return random.pick(targets);
    await pause(3, new AbortController().signal);
  }
  return undefined;
}

type Heal = () => unknown;

function groupFault(
  name: string,
  group: Group,
  choice: Choice,
  durationMs: Fault['durationMs'],
  act: (target: Target, context: FaultContext) => Heal | Promise<Heal | undefined>,
): Fault {
  const begin = async (context: FaultContext, random: Random): Promise<ActiveFault> => {
    const target = await findTarget(group, choice, random);
    const heal = target && (await act(target, context));
    if (!target || !heal) return noTarget;
    const end = async () => {
      await heal();
      return { tookEffect: true };
    };
    return { target: `${group.label} ${target.worker.incarnation}`, clients: [target.worker.name], end };
  };
  return { name, durationMs, begin };
}

function killFault(name: string, group: Group, choice: Choice): Fault {
  return groupFault(name, group, choice, [200, 2_000], async ({ worker }) => {
    await worker.kill();
    return () => worker.start();
  });
}

/** Stops the process with SIGSTOP and continues it. */
function pauseFault(name: string, group: Group, choice: Choice, durationMs: Fault['durationMs']): Fault {
  return groupFault(name, group, choice, durationMs, ({ worker }) => {
    worker.pause();
    return () => worker.resume();
  });
}

/** Drops all bytes between the process and all members, then resets the connections. */
function cutOffFault(name: string, group: Group, choice: Choice, durationMs: Fault['durationMs']): Fault {
  return groupFault(name, group, choice, durationMs, ({ worker }) => {
    for (const { proxy } of worker.links) proxy.blackhole();
    return () => {
      for (const { proxy } of worker.links) {
        proxy.heal();
        proxy.cut();
      }
    };
  });
}

/** Stops a holder for less than its TTL and deletes its key: when it continues, its clock shows that it is held. */
function deleteWhilePaused(group: Group, operator: EtcdClient): Fault {
  const { ttlMs } = group.recorder.limits;
  return groupFault('delete-while-paused', group, isHeld, [0, ttlMs / 3], async ({ worker, request }) => {
    const key = request.holding?.key;
    if (key === undefined) return undefined;
    worker.pause();
    group.recorder.add({ kind: 'by-hand', what: 'delete-key', key, at: nowMs() });
    const deleted = await operator.kv.delete(key).catch(() => undefined);
    if (deleted?.deleted) return () => worker.resume();
    worker.resume();
    return undefined;
  });
}

function byHandFault(
  name: 'delete-key' | 'delete-waiting-key' | 'revoke-lease',
  group: Group,
  choice: Choice,
  operator: EtcdClient,
): Fault {
  return groupFault(name, group, choice, [0, 300], async ({ request }) => {
    const { recorder } = group;
    const key = request.holding?.key ?? request.keys.at(-1)?.key;
    if (key === undefined) return undefined;
    const isDelete = name !== 'revoke-lease';
    recorder.add({ kind: 'by-hand', what: isDelete ? 'delete-key' : 'revoke-lease', key, at: nowMs() });
    const lease = request.holding?.lease ?? 0n;
    const done = await (isDelete
      ? operator.kv.delete(key).then(({ deleted }) => deleted > 0n)
      : operator.lease.revoke(lease).then(() => true)
    ).catch(() => false);
    return done ? () => {} : undefined;
  });
}
