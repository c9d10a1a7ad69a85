import type { AsyncStream } from '../async/index.js';
import type { Bytes } from '../model/index.js';
import type { CallOptions } from '../wire/index.js';
import type { CampaignOptions, Leader, Term } from './types.js';

/**
 * Elections in the format of Go's `concurrency.Election` and `etcdctl elect`: a candidate is a key
 * `<name>/<lease id in lower-case hex>` whose value is its proposal, and the oldest key leads. By that rule, an election
 * `jobs` also contains the candidates of an election `jobs/nightly`.
 */
export interface ElectionClient {
  /**
   * Takes part in an election, and yields a term each time this candidate is elected. The next iteration waits until the
   * term has ended and then enters the election again, at the end of the queue, with a new lease and key. A candidate
   * whose place is lost while it waits, because its lease ended or its key was deleted, enters again too. Leaving the
   * loop, by `break`, `return` or an error, resigns and removes the candidate; so does the signal, also while a term
   * lasts. Starts with the first `next()`; one term at a time.
   *
   * The term lasts until it is lost or resigned: a loop body that ends before that leaves this process the leader. Call
   * `resign()` when the work of a leader is done.
   * @param value What observers see until the first proclamation of a term. Go and `etcdctl` show it as a string.
   * @throws {InvalidInputError} for an empty name; (from the iterator) the signal's reason, {PermissionDeniedError} or
   *   another error that a retry cannot fix, {ClosedError} when the client closes. Outages of etcd end only terms.
   * @example
   * ```ts
   * for await (const term of client.election.campaign('jobs/scheduler', 'host-1')) {
   *   console.log('this process leads, with token', term.token);
   *   await term.txn({ success: [op.put('jobs/last-leader', 'host-1')] }); // applied only while it leads
   *   await term.proclaim('host-1, ready');
   *   break; // resigns; without it, the loop waits for the end of this term, and enters the election again
   * }
   * ```
   */
  campaign(name: Bytes, value: Bytes, options?: CampaignOptions): AsyncStream<Term>;
  /**
   * Yields the current leader, or undefined if there is none, and then each change: a new leader, a value that the
   * leader proclaimed, or undefined when the last candidate is gone. Go's `Observe` never reports that there is no
   * leader.
   *
   * It yields states in the order of their revisions, never an older one after a newer one, except when the store itself
   * was wiped or restored. A change that was overtaken by a newer one before the reader asked for it is left out, so a
   * slow reader is at most one state behind. To see every change, watch the prefix `<name>/`.
   *
   * The observation survives compactions, lost connections and outages of any length; during an outage it yields
   * nothing, so the last leader may have ended long ago. Its cost does not depend on the number of candidates that
   * wait: it watches the leader's key, and reads one key when that is deleted. Starts with the first `next()`.
   * @throws {InvalidInputError} for an empty name; (from the iterator) the signal's reason, {PermissionDeniedError} or
   *   another error that a retry cannot fix, {ClosedError} when the client closes.
   * @example
   * ```ts
   * for await (const leader of client.election.observe('jobs/scheduler')) {
   *   console.log(leader ? `led by ${leader.value}` : 'no leader');
   * }
   * ```
   */
  observe(
    name: Bytes,
    options?: { readonly signal?: AbortSignal | undefined },
  ): AsyncStream<Leader | undefined>;
  /**
   * Reads the current leader; undefined if there is none. Linearizable.
   * @throws {InvalidInputError} for an empty name; otherwise as {@link KvClient.range}.
   * @example
   * ```ts
   * const leader = await client.election.leader('jobs/scheduler');
   * console.log(leader?.value.toString() ?? 'no leader');
   * ```
   */
  leader(name: Bytes, options?: CallOptions): Promise<Leader | undefined>;
}
