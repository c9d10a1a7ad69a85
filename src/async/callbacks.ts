import { describeThrown } from '../errors/index.js';

/**
 * Calls a user's callback. An error that it throws or rejects with goes to `failed`, so that it neither stops the
 * library's own work nor becomes an unhandled rejection.
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
 * Calls a user's predicate. Returns its result, or false when it throws or returns a promise, which would be truthy
 * whatever it resolves to. Both are reported to `failed`; a rejection of the promise is handled.
 */
export function callPredicate<T>(
  predicate: (value: T) => unknown,
  value: T,
  failed: (error: unknown) => void,
): unknown {
  try {
    const answer = predicate(value);
    if (!isHandledPromise(answer)) return answer;
    failed(new TypeError('it returned a promise; it must answer synchronously'));
  } catch (error) {
    failed(error);
  }
  return false;
}

/** Whether a callback that must answer synchronously returned a promise, whose rejection is then handled. */
export function isHandledPromise(value: unknown): boolean {
  if (!isThenable(value)) return false;
  Promise.resolve(value).catch(() => {});
  return true;
}

function isThenable(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'then' in value;
}

/**
 * An error handler that emits a process warning (`ETCD_NAMING_CALLBACK`).
 * @param name The callback, as the text names it.
 */
export function processWarning(name: string): (error: unknown) => void {
  return (error) =>
    process.emitWarning(`${name} failed: ${describeThrown(error)}`, { code: 'ETCD_NAMING_CALLBACK' });
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
