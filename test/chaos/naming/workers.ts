import { type EtcdClusterHandle, startFaultProxy } from '#src/testing/index.js';
import type { Link } from '../faults/fault.js';
import type { Resources } from '../resources.js';
import type { Limits } from './history.js';
import type { HistoryRecorder } from './history-recorder.js';
import { Worker, type WorkerConfig } from './worker.js';

/** The service of the registrars, viewers and guest records. */
export const service = 'chaos/naming';
/** A service that is often empty. */
export const rareService = 'chaos/rare';

/** Opens eight registrars, two of them rivals for one key, and four viewers. */
export async function openWorkers(
  cluster: EtcdClusterHandle,
  limits: Limits,
  recorder: HistoryRecorder,
  resources: Resources,
): Promise<Worker[]> {
  const workers: Worker[] = [];
  for (const config of workerConfigs(limits)) {
    const clients = [config.name];
    const links: Link[] = [];
    for (const { name: server, endpoint } of cluster.members) {
      const proxy = await startFaultProxy({ target: endpoint });
      resources.use(proxy);
      links.push({ clients, server, proxy });
    }
    const worker = new Worker(config, links, recorder);
    resources.defer(() => worker.kill());
    worker.start();
    workers.push(worker);
  }
  return workers;
}

function workerConfigs({ ttlMs, protectionMs }: Limits): WorkerConfig[] {
  const all = { ttlSeconds: ttlMs / 1_000, protectionMs };
  const registrar = (name: string, id: string, addr: string): WorkerConfig => ({
    ...all,
    role: 'registrar',
    services: [service],
    name,
    id,
    addr,
  });
  const viewer = (name: string): WorkerConfig => ({
    ...all,
    role: 'viewer',
    services: [service, rareService],
    name,
    id: '',
    addr: '',
  });
  return [
    ...Array.from({ length: 6 }, (_, i) => registrar(`r${i}`, `r${i}`, `10.0.0.1:${1 + i}`)),
    ...Array.from({ length: 2 }, (_, i) => registrar(`x${i}`, 'shared', `10.0.0.2:${1 + i}`)),
    ...Array.from({ length: 4 }, (_, i) => viewer(`v${i}`)),
  ];
}
