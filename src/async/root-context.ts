import { AsyncResource } from 'node:async_hooks';

/** Made when the package is loaded, so that it has no context of a caller. */
const root = new AsyncResource('ETCD_BACKGROUND');

/**
 * Runs work that outlives the call that starts it, or that several callers share, outside the asynchronous context of that
 * call. Otherwise a connection, a watch or a registration would keep the `AsyncLocalStorage` values of the request that
 * happened to need it first, and all later work would count as part of that request. Timers and promises that the work
 * begins have the same context.
 */
export function inRootContext<T>(work: () => T): T {
  return root.runInAsyncScope(work);
}
