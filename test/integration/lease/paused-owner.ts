// A process that holds a lease and records the order of its end and of its calls' results. Its parent stops it.
import { EtcdClient } from '#src/client/index.js';

const [, , endpoint = '', ttl = '2', key = ''] = process.argv;
const ttlSeconds = Number(ttl);
const client = new EtcdClient({ endpoints: [endpoint] });
const lease = await client.lease.hold({ ttlSeconds });
const order: string[] = [];
const note = (event: string) => () => void order.push(event);
const calls: Promise<unknown>[] = [];
const send = (message: unknown) => process.send?.(message);

lease.signal.addEventListener('abort', note('aborted'));
void lease.ended.then(note('lost'));

process.on('message', () => {
  // Their responses will wait in the socket.
  calls.push(client.kv.put(key, 'v', { lease: lease.id }).then(note('put'), note('put')));
  calls.push(client.kv.get(key).then(note('get'), note('get')));
  calls.push(client.lease.keepAliveOnce(lease.id).then(note('once'), note('once')));
  send('called');
});

let last = performance.now();
const ticking = setInterval(() => {
  const now = performance.now();
  if (now - last > ttlSeconds * 1_000) {
    // Immediately after the pause, the program writes as the owner.
    const { held } = lease;
    calls.push(client.kv.put(key, 'late', { lease: lease.id }).then(note('late put'), note('late put')));
    void Promise.all(calls).then(async () => {
      clearInterval(ticking);
      send({ order, held });
      await client.close();
      process.disconnect();
    });
  }
  last = now;
}, 20);
send('holds');
