#!/usr/bin/env node
import { run } from './run.js';
import type { Outcome } from './verb.js';

// A reader that has seen enough (`| head`), or a terminal that was closed, is no failure; and nothing said to nobody may
// end a program that runs.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE' && error.code !== 'EIO') throw error;
  process.exit();
});
process.stderr.on('error', () => {});

void run(process.argv.slice(2), process).then(end);

/** Never by process.exit(), which would cut off what a pipe has not taken yet. */
function end(outcome: Outcome): void {
  if (typeof outcome === 'number') process.exitCode = outcome;
  else process.kill(process.pid, outcome.signal);
}
