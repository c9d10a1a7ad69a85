/**
 * Which watchers the answer to a progress request covers. An answer does not identify its request, a request may have
 * no answer, and the server may reorder `created` and progress. So an answer only covers the watchers that were live
 * before the oldest unanswered request was written.
 */
export class ProgressRequests {
  #coveredIds: ReadonlySet<bigint> | undefined;

  onSent(liveIds: Iterable<bigint>): void {
    this.#coveredIds ??= new Set(liveIds);
  }

  /** Returns the watch ids that an answer covers. The caller ignores ids of watchers that have left since. */
  takeCovered(): ReadonlySet<bigint> {
    const ids = this.#coveredIds ?? new Set<bigint>();
    this.#coveredIds = undefined;
    return ids;
  }
}
