#!/usr/bin/env node
import { constants } from 'node:os';
import type { Outcome } from './command.js';

// Node would open its inspector, on a port of loopback, for every user of the machine: this process knows a password.
process.on('SIGUSR1', () => {});

// A reader that has seen enough (`| head`), or a terminal that was closed, is no failure; and nothing said to nobody may
// end a program that runs. A disk that is full is one.
process.stdout.on('error', ({ code, message }: NodeJS.ErrnoException) => {
  if (code === 'EPIPE' || code === 'EIO') process.exit();
  process.stderr.write(`etcd-naming: the output cannot be written: ${message}\n`);
  process.exit(1);
});
process.stderr.on('error', () => {});

/** Of which Node does not die, and those that write a memory image: this process's own has the password. */
const notRepeated: readonly NodeJS.Signals[] = [
  ...(['SIGPIPE', 'SIGXFSZ', 'SIGUSR1'] as const),
  ...([
    'SIGQUIT',
    'SIGILL',
    'SIGTRAP',
    'SIGABRT',
    'SIGBUS',
    'SIGFPE',
    'SIGSEGV',
    'SIGXCPU',
    'SIGSYS',
  ] as const),
];

// Loaded late, so that the signals above are handled first.
void import('./run.js').then(({ run }) => run(process.argv.slice(2), process)).then(end);

/** Never by process.exit(), which would cut off what a pipe has not taken yet. */
function end(outcome: Outcome): void {
  if (typeof outcome === 'number') process.exitCode = outcome;
  else {
    // As a shell reports it, where this process does not end by the signal: also PID 1 does not.
    process.exitCode = 128 + constants.signals[outcome.signal];
    if (!notRepeated.includes(outcome.signal)) process.kill(process.pid, outcome.signal);
  }
}
