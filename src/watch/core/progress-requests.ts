/**
 * Whom the answer to a request for progress speaks for. It carries no name, there are not as many answers as requests,
 * and `created` and progress overtake each other inside the server: so an answer counts only for those who were live
 * before the oldest unanswered request was written.
 */
export class ProgressRequests {
  #askedFor: ReadonlySet<bigint> | undefined;

  asked(liveIds: Iterable<bigint>): void {
    this.#askedFor ??= new Set(liveIds);
  }

  /** The watch ids that an answer counts for. Those of them who left since then are the caller's to sort out. */
  answered(): ReadonlySet<bigint> {
    const ids = this.#askedFor ?? new Set<bigint>();
    this.#askedFor = undefined;
    return ids;
  }
}
