import { constants } from 'node:os';

/** The signals by which users and supervisors ask a program to end. */
export const terminationSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The kernel does not let a process catch these. */
const uncatchable = ['SIGKILL', 'SIGSTOP'];

/**
 * The kernel raises these for a fault of the process itself. With a JavaScript handler installed, the faulty
 * instruction would run again, raise the signal again, and the process would spin instead of ending.
 */
const faults = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGSYS', 'SIGEMT'];

/** Caused by actions of this process: its child ends, it writes to a closed pipe, its file is too large. */
const selfInflicted = ['SIGCHLD', 'SIGPIPE', 'SIGXFSZ'];

/** The signals that the command forwards to its program. Each signal number occurs once, under one of its names. */
export const forwardableSignals: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? terminationSignals : withoutAliases(constants.signals);

function withoutAliases(signals: Readonly<Record<string, number>>): NodeJS.Signals[] {
  const excluded = new Set([...uncatchable, ...faults, ...selfInflicted]);
  const byNumber = new Map<number, string>();
  for (const [name, number] of Object.entries(signals)) {
    if (!excluded.has(name) && !byNumber.has(number)) byNumber.set(number, name);
  }
  return [...byNumber.values()] as NodeJS.Signals[];
}

/**
 * Calls back for each of these signals, which then do not end this process.
 * @returns a function that removes the handlers.
 */
export function onSignals(
  signals: readonly NodeJS.Signals[],
  callback: (signal: NodeJS.Signals) => void,
): () => void {
  for (const signal of signals) process.on(signal, callback);
  return () => {
    for (const signal of signals) process.off(signal, callback);
  };
}
