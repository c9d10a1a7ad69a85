/** How many creates may be unanswered, once the server has shown that it answers with the id it was given. */
const openWindow = 256;

/**
 * The ids of the creates under way on one stream, in the order sent. Answers are matched by id where the server echoes
 * it; a refusal carries -1, or on older servers an id of somebody else, and so belongs to the head of the queue.
 */
export class CreateQueue {
  #pending: bigint[] = [];
  #echoes: boolean | undefined;

  /** Whether another create may be sent now: one alone until the first answer, since a proxy chooses its own ids. */
  get hasRoom(): boolean {
    return this.#pending.length < (this.#echoes ? openWindow : 1);
  }

  /** Whether the server answers with the id that it was given; undefined before its first answer. */
  get echoes(): boolean | undefined {
    return this.#echoes;
  }

  get size(): number {
    return this.#pending.length;
  }

  sent(watchId: bigint): void {
    this.#pending.push(watchId);
  }

  /** The create that a success with this id answers. */
  created(watchId: bigint): bigint | undefined {
    const at = this.#pending.indexOf(watchId);
    this.#echoes ??= at >= 0;
    return this.#pending.splice(Math.max(at, 0), 1)[0];
  }

  /** The create that a refusal answers. */
  refused(): bigint | undefined {
    return this.#pending.shift();
  }
}
