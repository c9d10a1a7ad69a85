import { setTimeout as sleep } from 'node:timers/promises';
import { Etcd3, EtcdLockFailedError } from 'etcd3';

/** A lock of etcd3 does not wait: acquire() fails while another holds it, so a waiter tries again after a pause. */
const retryMs = 100;

export function open({ address, name, ttl }) {
  const client = new Etcd3({ hosts: `http://${address}`, grpcOptions: { 'grpc.enable_http_proxy': 0 } });
  return {
    async lock() {
      for (;;) {
        const lock = client.lock(name).ttl(ttl);
        try {
          await lock.acquire();
          return () => lock.release();
        } catch (error) {
          if (!(error instanceof EtcdLockFailedError)) throw error;
        }
        await sleep(retryMs * (0.5 + Math.random()));
      }
    },
  };
}
