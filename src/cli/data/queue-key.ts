import type { LeaseId } from '../../index.js';

/**
 * The name of the lock or election in whose queue a key is by its form: `<name>/<id of its own lease in hexadecimal>`.
 * Undefined for other keys. Some programs choose the ids of their endpoints so, too.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/client/v3/concurrency/mutex.go#L112
 */
export function queueOf(key: string, lease: LeaseId): string | undefined {
  const slash = key.lastIndexOf('/');
  if (lease === 0n || slash < 1) return undefined;
  return key.slice(slash + 1) === lease.toString(16) ? key.slice(0, slash) : undefined;
}
