// A process that holds a lock, or waits for it, and reports what it sees after a pause. Its parent stops it.
import { EtcdClient } from '#src/client/index.js';

const [, , endpoint = '', name = '', ttl = '2', role = 'holder'] = process.argv;
const ttlSeconds = Number(ttl);
const client = new EtcdClient({ endpoints: [endpoint] });
const events: string[] = [];
const send = (message: unknown) => process.send?.(message);

async function hold(): Promise<void> {
  const lock = await client.lock(name, { ttlSeconds });
  lock.signal.addEventListener('abort', () => events.push('aborted'));
  let last = performance.now();
  const ticking = setInterval(() => {
    const now = performance.now();
    const isPaused = now - last > ttlSeconds * 1_000;
    last = now;
    if (!isPaused) return;
    // The first statement after the pause.
    events.push(lock.held ? 'held' : 'not held');
    clearInterval(ticking);
    void lock.txn({ success: [{ type: 'put', key: `${name}-written`, value: 'late' }] }).then(
      () => finish('applied'),
      (error: Error) => finish(error.name),
    );
  }, 20);
  send('ready');
}

async function wait(): Promise<void> {
  const waiting = client.lock(name, { ttlSeconds });
  void waiting.then(
    ({ held }) => finish(`acquired, ${held ? 'held' : 'not held'}`),
    (error: Error & { loss?: string }) => finish(`${error.name} ${error.loss}`),
  );
  while ((await client.lockQueue(name)).waiters.length === 0);
  send('ready');
}

async function finish(event: string): Promise<void> {
  send([...events, event]);
  await client.close();
  process.disconnect();
}

await (role === 'holder' ? hold() : wait());
