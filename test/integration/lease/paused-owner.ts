// A process that holds a lease and writes down what it is told, in order. Its parent stops it.
import { EtcdClient } from '#src/client/index.js';

const [, , endpoint = '', ttl = '2', key = ''] = process.argv;
const ttlSeconds = Number(ttl);
const client = new EtcdClient({ endpoints: [endpoint] });
const lease = await client.lease.hold({ ttlSeconds });
const told: string[] = [];
const note = (what: string) => () => void told.push(what);
const calls: Promise<unknown>[] = [];
const say = (message: unknown) => process.send?.(message);

lease.signal.addEventListener('abort', note('aborted'));
void lease.ended.then(note('lost'));

process.on('message', () => {
  // Their answers will wait in the socket.
  calls.push(client.kv.put(key, 'v', { lease: lease.id }).then(note('put'), note('put')));
  calls.push(client.kv.get(key).then(note('get'), note('get')));
  calls.push(client.lease.keepAliveOnce(lease.id).then(note('once'), note('once')));
  say('called');
});

let last = performance.now();
const ticking = setInterval(() => {
  const now = performance.now();
  if (now - last > ttlSeconds * 1_000) {
    // The first thing that this program does after the pause is a call as the owner.
    const { held } = lease;
    calls.push(client.kv.put(key, 'late', { lease: lease.id }).then(note('late put'), note('late put')));
    void Promise.all(calls).then(async () => {
      clearInterval(ticking);
      say({ told, held });
      await client.close();
      process.disconnect();
    });
  }
  last = now;
}, 20);
say('holds');
