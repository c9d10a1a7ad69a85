// A process that makes calls, and reports what they allocate.
import { Session } from 'node:inspector/promises';
import { pathToFileURL } from 'node:url';
import { open } from '../contestants/observed.mjs';
import { closedLoop } from '../harness/measure.mjs';
import { ownTask } from '../harness/processes.mjs';
import { calls } from '../rows/unary.mjs';

const { address, clientOptions, call, count, inFlight, samplingInterval } = ownTask();
const client = await open(address, clientOptions);
const made = calls[call](client);
await closedLoop(made, { inFlight, windowMs: 1_000 });

const session = new Session();
session.connect();
await session.post('HeapProfiler.startSampling', {
  samplingInterval,
  includeObjectsCollectedByMajorGC: true,
  includeObjectsCollectedByMinorGC: true,
});
let next = 0;
const loop = async () => {
  while (next < count) await made(next++);
};
await Promise.all(Array.from({ length: inFlight }, loop));
const { profile } = await session.post('HeapProfiler.stopSampling');
session.disconnect();
await client.close();
process.send({ bytes: bytesByFunction(profile.head) });

/** The bytes that each function allocated; those of the package by name, the others in sum. */
function bytesByFunction(head) {
  const own = pathToFileURL(`${clientOptions.dist}/`).href;
  const bytes = { total: 0, package: 0, functions: {} };
  const pending = [head];
  for (let node = pending.pop(); node; node = pending.pop()) {
    pending.push(...node.children);
    bytes.total += node.selfSize;
    if (!node.callFrame.url.startsWith(own)) continue;
    bytes.package += node.selfSize;
    const name = node.callFrame.functionName || '(anonymous)';
    bytes.functions[name] = (bytes.functions[name] ?? 0) + node.selfSize;
  }
  return bytes;
}
