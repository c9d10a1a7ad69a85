import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { groupProcesses } from '#src/testing/process/group-processes.js';
import { eventually } from '../../support/eventually.js';
import { runProgram } from '../../versions/program.js';

/** Starts a process that does not end by itself, prints the id of its group, and waits for SIGTERM. */
const source = `
import { spawn } from 'node:child_process';
spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
process.once('SIGTERM', () => { console.log('stopping'); process.exit(130); });
setInterval(() => {}, 1000);
console.log('group ' + process.pid);
`;

describe('a program of the version matrix', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'versions-test-'));
    writeFileSync(join(folder, 'program.mjs'), source);
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function start(limitMs: number, signal: AbortSignal) {
    const outputFile = join(folder, 'output');
    const ended = runProgram({ args: [join(folder, 'program.mjs')], env: {}, outputFile, limitMs, signal });
    const group = eventually(
      'the program runs',
      () => /group (\d+)/.exec(readFileSync(outputFile, 'utf8'))?.[1],
    );
    return { ended, group };
  }

  it('can clean up when the run is interrupted, and nothing that it started is left', async () => {
    const abort = new AbortController();
    const { ended, group } = start(60_000, abort.signal);
    const id = Number(await group);
    abort.abort();
    const { code, timedOut, output } = await ended;
    assert.deepEqual([code, timedOut], [130, false]);
    assert.match(output, /stopping\n$/);
    assert.deepEqual(await groupProcesses(id), []);
  });

  it('is stopped when it exceeds its time', async () => {
    const { ended } = start(500, new AbortController().signal);
    assert.equal((await ended).timedOut, true);
  });
});
