import type { EtcdClient } from '#src/index.js';
import type { Resources } from '../resources.js';

/** Written all the time: a time without a change of it in the truth is one in which etcd served no one. */
export const canaryKey = 'canary';

const intervalMs = 200;

/** Writes the canary, without proxies, until the resources are closed. */
export function startCanary(operator: EtcdClient, resources: Resources): void {
  let turn = 0;
  let isWriting = false;
  const write = async () => {
    if (isWriting) return;
    isWriting = true;
    await operator.kv.put(canaryKey, String(turn++), { timeoutMs: 1_000 }).catch(() => {});
    isWriting = false;
  };
  const timer = setInterval(() => void write(), intervalMs);
  resources.defer(() => clearInterval(timer));
}
