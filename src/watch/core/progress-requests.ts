/**
 * Whom the answer to a request for progress speaks for. It carries no name, there are not as many answers as requests,
 * and `created` and progress overtake each other inside the server: so an answer counts only for those who were live
 * before the oldest unanswered request was written.
 */
export class ProgressRequests {
  #coveredIds: ReadonlySet<bigint> | undefined;

  onSent(liveIds: Iterable<bigint>): void {
    this.#coveredIds ??= new Set(liveIds);
  }

  /** The watch ids that an answer counts for. Those of them who left since then are the caller's to sort out. */
  takeCovered(): ReadonlySet<bigint> {
    const ids = this.#coveredIds ?? new Set<bigint>();
    this.#coveredIds = undefined;
    return ids;
  }
}
