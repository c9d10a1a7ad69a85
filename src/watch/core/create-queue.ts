/** How many creates may be unanswered, once the server has shown that it answers with the id it was given. */
const maxPendingCreates = 256;

/**
 * The ids of the creates under way on one stream, in the order sent. Answers are matched by id where the server echoes
 * it; a refusal carries -1, or on older servers an id of somebody else, and so belongs to the head of the queue.
 */
export class CreateQueue {
  #pending: bigint[] = [];
  #echoesIds: boolean | undefined;

  /** Whether another create may be sent now: one alone until the first answer, since a proxy chooses its own ids. */
  get canSend(): boolean {
    return this.#pending.length < (this.#echoesIds ? maxPendingCreates : 1);
  }

  /** Whether the server answers with the id that it was given; undefined before its first answer. */
  get echoesIds(): boolean | undefined {
    return this.#echoesIds;
  }

  get size(): number {
    return this.#pending.length;
  }

  add(watchId: bigint): void {
    this.#pending.push(watchId);
  }

  /** The create that a success with this id answers. */
  takeCreated(watchId: bigint): bigint | undefined {
    const at = this.#pending.indexOf(watchId);
    this.#echoesIds ??= at >= 0;
    return this.#pending.splice(Math.max(at, 0), 1)[0];
  }

  /** The create that a refusal answers. */
  takeRefused(): bigint | undefined {
    return this.#pending.shift();
  }
}
