import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { LeaseClientImpl } from '#src/lease/index.js';
import { FakeClock, FakeLeases } from './fakes.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const count = 10_000;

describe('10,000 held leases', () => {
  it('use at most 550 bytes each, renewed or not', async () => {
    const clock = new FakeClock();
    const server = new FakeLeases();
    const client = new LeaseClientImpl(server.calls, clock, Math.random);
    await client.hold({ ttlSeconds: 9 });
    const before = await heapUsed();
    const leases = await Promise.all(Array.from({ length: count }, () => client.hold({ ttlSeconds: 9 })));
    const granted = ((await heapUsed()) - before) / count;
    clock.advance(3_000);
    for (const id of server.lastStream.requests.splice(0)) server.lastStream.reply(id, 9);
    const renewed = ((await heapUsed()) - before) / count;
    assert.ok(leases.every(({ held }) => held));
    assert.ok(granted <= 550 && renewed <= 550, `${granted} bytes when granted, ${renewed} when renewed`);
    client.close();
  });
});

/** In bytes, after garbage collection, in a turn in which no grant is in flight. */
async function heapUsed(): Promise<number> {
  await setImmediate();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
