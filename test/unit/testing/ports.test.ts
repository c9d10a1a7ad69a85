import assert from 'node:assert/strict';
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { freePorts } from '#src/testing/ports.js';

const count = 200;

/** A process that sends its ports, and keeps them until it is killed. */
function start(): ChildProcess {
  const url = import.meta.resolve('#src/testing/ports.js');
  const script = `import(${JSON.stringify(url)}).then(async ({ freePorts }) => {
    process.send(await freePorts(${count}));
  });
  process.on('message', () => {});`;
  return fork('-e', [script], { execArgv: [] });
}

describe('free ports', () => {
  it('are different in concurrent processes, so that none takes the port of an etcd that is down', async () => {
    const children = [start(), start(), start()];
    try {
      const ports = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0]));
      assert.equal(new Set(ports.flat()).size, 3 * count);
    } finally {
      for (const child of children) child.kill('SIGKILL');
    }
  });

  it('are not found twice, not even by concurrent calls', async () => {
    const ports = (await Promise.all([freePorts(count), freePorts(count)])).flat();
    assert.equal(new Set(ports).size, 2 * count);
    assert.ok(ports.every((port) => port > 15_000 && port < 32_000));
  });
});
