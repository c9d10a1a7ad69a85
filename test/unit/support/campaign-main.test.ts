import assert from 'node:assert/strict';
import { campaignMain } from '../../support/campaign-main.js';

describe('the program of a campaign', () => {
  const { argv } = process;
  const { log, error } = console;
  let lines: string[] = [];
  const print = (...texts: unknown[]) => void lines.push(texts.map(String).join(' '));

  beforeEach(() => {
    lines = [];
    Object.assign(console, { log: print, error: print });
  });
  afterEach(() => {
    process.argv = argv;
    Object.assign(console, { log, error });
  });

  const main = (run: (signal: AbortSignal) => Promise<number>, ...args: string[]) => {
    process.argv = ['node', 'main.js', ...args];
    return campaignMain({
      help: 'the help',
      parse: (given) => {
        const unknown = given.find((arg) => arg !== '--help');
        if (unknown !== undefined) throw new TypeError(`unknown option ${unknown}`);
        return { help: given.length > 0 };
      },
      run: (_, signal) => run(signal),
      interrupted: 'nothing is left',
      explain: (thrown) => (thrown instanceof RangeError ? 2 : undefined),
    });
  };

  it('ends with the code of its run', async () => {
    assert.equal(await main(async () => 1), 1);
    assert.deepEqual(lines, []);
  });

  it('runs nothing for a wrong option, which it names above the help', async () => {
    assert.equal(await main(() => assert.fail('it ran'), '--sed'), 2);
    assert.deepEqual(lines, ['unknown option --sed\n\nthe help']);
  });

  it('prints its help', async () => {
    assert.equal(await main(() => assert.fail('it ran'), '--help'), 0);
    assert.deepEqual(lines, ['the help']);
  });

  it('ends with 3 and the error if the run fails, unless the error is explained', async () => {
    assert.equal(await main(() => Promise.reject(new Error('no etcd'))), 3);
    assert.deepEqual(lines, ['the run itself failed: Error: no etcd']);
    assert.equal(await main(() => Promise.reject(new RangeError())), 2);
  });

  it('aborts its run after a signal, ends with 130, and leaves no listener', async () => {
    const before = process.listenerCount('SIGINT');
    const code = main(
      (signal) =>
        new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
          process.emit('SIGINT');
        }),
    );
    assert.equal(await code, 130);
    assert.deepEqual(lines, ['nothing is left']);
    assert.equal(process.listenerCount('SIGINT'), before);
  });
});
