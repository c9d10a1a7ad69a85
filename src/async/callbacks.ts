import { textOf } from '../errors/index.js';

/**
 * Calls what a caller of this library gave. Whatever it throws, or rejects with, reaches `failed` and nothing else: it
 * must neither stop the work around it nor be an unhandled rejection.
 */
export function callSafely(callback: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = callback();
    if (isThenable(result)) Promise.resolve(result).catch(failed);
  } catch (error) {
    failed(error);
  }
}

/**
 * Asks a rule that a caller of this library gave. What it throws is a no. So is a promise, which would be truthy
 * whatever it resolves to: it is reported to `failed`, and its rejection is handled.
 */
export function askRule<T>(rule: (about: T) => unknown, about: T, failed: (error: unknown) => void): unknown {
  try {
    const answer = rule(about);
    if (!isThenable(answer)) return answer;
    Promise.resolve(answer).catch(() => {});
    failed(new TypeError('it returned a promise; it must answer synchronously'));
  } catch (error) {
    failed(error);
  }
  return false;
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/** For callbacks whose failures have no other place to go: a process warning that names the callback. */
export function processWarning(name: string): (error: unknown) => void {
  return (error) => process.emitWarning(`${name} failed: ${textOf(error)}`, { code: 'ETCD_NAMING_CALLBACK' });
}

const warned = new Set<string>();

/** As {@link processWarning}, once for each name and process: for callbacks that are called for every record. */
export function processWarningOnce(name: string): (error: unknown) => void {
  return (error) => {
    if (warned.has(name)) return;
    warned.add(name);
    processWarning(name)(error);
  };
}
