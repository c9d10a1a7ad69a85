#!/usr/bin/env node
import { constants } from 'node:os';
import type { Outcome } from './command.js';
import { handleOutputFailures } from './output/output-failure.js';

// Workaround (Node 20 to 24; https://nodejs.org/docs/latest-v20.x/api/process.html#signal-events): by default Node
// opens its inspector on SIGUSR1, at a loopback port that every user of the machine can reach, and this process holds a
// password. Remove when a program can switch that off by itself.
process.on('SIGUSR1', () => {});

handleOutputFailures(process);
// `register` keeps its program running although its messages can no longer be written.
process.stderr.on('error', () => {});

/**
 * The signals that this process does not raise for itself after its program died of one. Node survives the first group.
 * The others write a core dump, and this process's memory contains the password.
 */
const neverReraised: readonly NodeJS.Signals[] = [
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

// Imported dynamically, so that the handlers above are installed before the rest is loaded.
void import('./run.js').then(({ run }) => run(process.argv.slice(2), process)).then(exitWith);

/** Does not call process.exit(), which would discard output that a pipe has not accepted yet. */
function exitWith(outcome: Outcome): void {
  if (typeof outcome === 'number') process.exitCode = outcome;
  else {
    // The code that a shell reports. It applies where this process survives the signal: PID 1 ignores it, for example.
    process.exitCode = 128 + constants.signals[outcome.signal];
    if (!neverReraised.includes(outcome.signal)) process.kill(process.pid, outcome.signal);
  }
}
