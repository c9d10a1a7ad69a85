#!/usr/bin/env node
import { constants } from 'node:os';
import { run } from './run.js';
import type { Outcome } from './verb.js';

// A reader that has seen enough (`| head`), or a terminal that was closed, is no failure; and nothing said to nobody may
// end a program that runs.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  process.exit();
});
process.stderr.on('error', () => {});

const keptByNode = new Set<NodeJS.Signals>(['SIGPIPE', 'SIGXFSZ', 'SIGUSR1']);

void run(process.argv.slice(2), process).then(end);

/** Never by process.exit(), which would cut off what a pipe has not taken yet. */
function end(outcome: Outcome): void {
  if (typeof outcome === 'number') process.exitCode = outcome;
  else {
    // For the signals that Node ignores, or takes for something else, as a shell tells of them.
    process.exitCode = 128 + constants.signals[outcome.signal];
    if (!keptByNode.has(outcome.signal)) process.kill(process.pid, outcome.signal);
  }
}
