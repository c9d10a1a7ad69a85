/** How many creates may be unanswered once the server has echoed a requested id. */
const maxPendingCreates = 256;

/**
 * The ids of the pending creates of one stream, in the order they were sent. A success is matched by its id when the
 * server echoes it.
 *
 * Workaround (etcd before 3.4.22, 3.5.6; https://github.com/etcd-io/etcd/pull/14563): a refusal has the id -1, or on
 * older servers that of another watcher, and so belongs to the oldest pending create. Remove when no affected release
 * is supported.
 */
export class CreateQueue {
  #pending: bigint[] = [];
  #echoesIds: boolean | undefined;

  /** Whether another create may be sent: only one before the first answer, since a proxy chooses its own ids. */
  get canSend(): boolean {
    return this.#pending.length < (this.#echoesIds ? maxPendingCreates : 1);
  }

  /** Whether the server answers with the requested id; undefined before its first answer. */
  get echoesIds(): boolean | undefined {
    return this.#echoesIds;
  }

  get size(): number {
    return this.#pending.length;
  }

  add(watchId: bigint): void {
    this.#pending.push(watchId);
  }

  /** Removes and returns the create that a success with this id answers. */
  takeCreated(watchId: bigint): bigint | undefined {
    const at = this.#pending.indexOf(watchId);
    this.#echoesIds ??= at >= 0;
    return at > 0 ? this.#pending.splice(at, 1)[0] : this.#pending.shift();
  }

  /** Removes and returns the create that a refusal answers. */
  takeRefused(): bigint | undefined {
    return this.#pending.shift();
  }
}
