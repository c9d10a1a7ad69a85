// Holds a lease with etcd3, releases it after 100 renewals and ends after 100 more: node long-lease.js host:port ttlSeconds
// A process of its own, because etcd3 cannot stop these renewals.
import { loadPeer } from '../support/peer.js';
import type { PeerApi } from './situation.js';

const [endpoint, ttlSeconds] = process.argv.slice(2);
const { Etcd3 } = loadPeer();
const client = new Etcd3({ hosts: endpoint }) as unknown as PeerApi;
const lease = client.lease(Number(ttlSeconds));
let renewals = 0;
lease.on('keepaliveFired', () => {
  if (++renewals === 100) lease.release();
  if (renewals === 200) process.exit();
});
