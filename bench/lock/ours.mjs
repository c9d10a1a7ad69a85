import { EtcdClient } from '../../dist/index.js';

/** This package's lock. Resolves to the function that releases it. */
export function open({ address, name, ttl }) {
  const client = new EtcdClient({ endpoints: [address] });
  return {
    async lock() {
      const lock = await client.lock(name, { ttlSeconds: ttl });
      return () => lock.release();
    },
  };
}
