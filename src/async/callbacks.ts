import { textOf } from '../errors/index.js';

/**
 * Calls what a caller of this library gave. Whatever it throws, or rejects with, reaches `failed` and nothing else: it
 * must neither stop the work around it nor be an unhandled rejection.
 */
export function callSafely(callback: () => unknown, failed: (error: unknown) => void): void {
  try {
    const result = callback();
    if (typeof result === 'object' && result !== null && 'then' in result)
      Promise.resolve(result).catch(failed);
  } catch (error) {
    failed(error);
  }
}

/** For callbacks whose failures have no other place to go: a process warning that names the callback. */
export function processWarning(name: string): (error: unknown) => void {
  return (error) => process.emitWarning(`${name} failed: ${textOf(error)}`, { code: 'ETCD_NAMING_CALLBACK' });
}
