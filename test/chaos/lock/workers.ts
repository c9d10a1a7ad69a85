import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type EtcdClusterHandle, startFaultProxy } from '#src/testing/index.js';
import { buildGo, GoMissingError } from '../../interop/support/go-build.js';
import type { Link } from '../faults/fault.js';
import type { Resources } from '../resources.js';
import type { Role, System } from './messages.js';
import type { Recorder } from './recorder.js';
import { nodeProgram, Worker, type WorkerPlan } from './worker.js';

/** What a run tests. */
export type Workload = Exclude<Role, 'observer'>;

const sources = join(import.meta.dirname, '../../../../test');

export interface Plans {
  readonly plans: readonly WorkerPlan[];
  /** Why a system takes no part. */
  readonly missing: readonly string[];
}

/** The workers of the workloads; those of Go and etcd3 take part in `lock` if they are installed. */
export async function planWorkers(
  workloads: readonly Workload[],
  ttlMs: number,
  seed: number,
): Promise<Plans> {
  const plans: WorkerPlan[] = [];
  const missing: string[] = [];
  const add = (count: number, plan: Pick<WorkerPlan, 'system' | 'role' | 'loops' | 'program'>) => {
    const { system, role } = plan;
    const names = namesOf(system, role === 'observer' ? 'election' : role);
    const prefix = system === 'ours' ? role.slice(0, 1) : system;
    for (let i = 0; i < count; i++) {
      const own = { name: `${prefix}-${i}`, seed: seed + plans.length };
      plans.push({ ...plan, ...own, names, ttlSeconds: ttlMs / 1_000 });
    }
  };
  const ours = { system: 'ours', program: nodeProgram('worker-main.js') } as const;
  if (workloads.includes('lock')) {
    add(4, { ...ours, role: 'lock', loops: 2 });
    const go = await goProgram();
    if (typeof go === 'string') add(3, { system: 'go', role: 'lock', loops: 2, program: [go] });
    else missing.push(`Go's mutex takes no part: ${go.message}`);
    if (existsSync(join(sources, 'migration/peer/node_modules/etcd3')))
      add(3, { system: 'etcd3', role: 'lock', loops: 2, program: nodeProgram('etcd3-main.js') });
    else missing.push('etcd3 takes no part: npm ci --prefix test/migration/peer installs it');
  }
  if (workloads.includes('election')) {
    add(3, { ...ours, role: 'election', loops: 2 });
    add(2, { ...ours, role: 'observer', loops: 1 });
  }
  return { plans, missing };
}

/** Two names, so that one that is blocked by a fault does not end all traffic. */
export function namesOf(system: System, workload: Workload): readonly string[] {
  return [`${system}/${workload}/a`, `${system}/${workload}/b`];
}

/** The system whose names a key belongs to; undefined for keys of the run itself. */
export function systemOfKey(key: string): System | undefined {
  return (['ours', 'go', 'etcd3'] as const).find((system) => key.startsWith(`${system}/`));
}

async function goProgram(): Promise<string | GoMissingError> {
  try {
    return await buildGo('go-mutex', join(sources, 'chaos/lock/go-mutex'));
  } catch (error) {
    if (error instanceof GoMissingError) return error;
    throw error;
  }
}

/** Starts a process for each plan, each with its own proxy to every member. */
export async function startWorkers(
  cluster: EtcdClusterHandle,
  plans: readonly WorkerPlan[],
  recorder: Recorder,
  resources: Resources,
): Promise<Worker[]> {
  const workers: Worker[] = [];
  for (const plan of plans) {
    const clients = [plan.name];
    const links: Link[] = [];
    for (const { name: server, endpoint } of cluster.members) {
      const proxy = await startFaultProxy({ target: endpoint });
      resources.use(proxy);
      links.push({ clients, server, proxy });
    }
    const worker = new Worker(plan, links, recorder);
    resources.defer(() => worker.kill());
    worker.start();
    workers.push(worker);
  }
  return workers;
}
