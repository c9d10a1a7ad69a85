import { constants } from 'node:os';

/** The signals by which people and supervisors end a program. */
export const endSignals: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** The kernel lets no process catch these. */
const uncatchable = ['SIGKILL', 'SIGSTOP'];

/**
 * What the kernel raises for a fault of this process itself. A handler in JavaScript runs after the faulty instruction
 * is repeated, which is never: the process would spin instead of ending.
 */
const faults = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGTRAP', 'SIGSYS', 'SIGEMT'];

/** Raised by what this process does itself: a program ends, a write to a closed pipe, a file that is too large. */
const ownDoing = ['SIGCHLD', 'SIGPIPE', 'SIGXFSZ'];

/** What can be caught and may be meant for the program that the command runs; each number once, whatever its names. */
export const programSignals: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? endSignals : withoutAliases(constants.signals);

function withoutAliases(signals: Readonly<Record<string, number>>): NodeJS.Signals[] {
  const kept = new Set([...uncatchable, ...faults, ...ownDoing]);
  const byNumber = new Map<number, string>();
  for (const [name, number] of Object.entries(signals)) {
    if (!kept.has(name) && !byNumber.has(number)) byNumber.set(number, name);
  }
  return [...byNumber.values()] as NodeJS.Signals[];
}

/** Calls back for each of these signals until the returned function is called; meanwhile they do not end this process. */
export function onSignals(
  signals: readonly NodeJS.Signals[],
  callback: (signal: NodeJS.Signals) => void,
): () => void {
  for (const signal of signals) process.on(signal, callback);
  return () => {
    for (const signal of signals) process.off(signal, callback);
  };
}
