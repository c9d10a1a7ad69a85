import assert from 'node:assert/strict';
import { Interruptions } from '#src/testing/interruptions.js';

const own = new Error('own failure');
const fail = () => Promise.reject(own);

describe('an operation that fails', () => {
  let interruptions: Interruptions;

  beforeEach(() => {
    interruptions = new Interruptions('etcd m0');
  });

  const fails = (expected: object) => assert.rejects(interruptions.run('compact', fail), expected);
  const because = (was: string) => ({ message: `compact() failed because etcd m0 was ${was}`, cause: own });

  it('keeps its error when nothing ended the server', () => fails(own));

  it('names a kill until the server starts, and keeps its error from then on', async () => {
    await interruptions.end('kill', 'killed', async () => {});
    await fails(because('killed'));
    await interruptions.restart('restart', 'restarted', async () => {
      interruptions.starts();
      await fails(because('restarted'));
    });
    await fails(own);
  });

  it('names a restart that began and ended meanwhile', async () => {
    const restart = () => interruptions.restart('restart', 'restarted', async () => {});
    const during = interruptions.run('compact', async () => {
      await restart();
      return fail();
    });
    await assert.rejects(during, because('restarted'));
  });

  it('keeps the error of a restart after a kill, also when the kill met its stop', async () => {
    await interruptions.end('kill', 'killed', async () => {});
    await assert.rejects(interruptions.restart('restart', 'restarted', fail), own);
    const restart = interruptions.restart('restart', 'restarted', async () => {
      await interruptions.end('kill', 'killed', async () => {});
      interruptions.starts();
      await fail();
    });
    await assert.rejects(restart, own);
    await fails(own);
  });

  it('keeps its error after a kill that failed', async () => {
    await assert.rejects(interruptions.end('kill', 'killed', fail), own);
    await fails(own);
  });

  it('is rejected by a close that its work does not notice', async () => {
    const during = interruptions.run('compact', () => new Promise(() => {}));
    interruptions.close();
    await assert.rejects(during, { message: 'etcd m0 was closed' });
    await fails({ message: 'etcd m0 was closed' });
  });
});
