const rememberMs = 10 * 60_000;
const maxRemembered = 1_000;

/** The keys that the user may not read. One of them would make etcd refuse a whole batch. */
export class RefusedKeys {
  readonly #until = new Map<string, number>();
  #allUntil = Number.NEGATIVE_INFINITY;

  /** Whether a read of the key must travel on its own. */
  has(name: string, now: number): boolean {
    if (this.#until.size === 0) return now < this.#allUntil;
    const until = this.#until.get(name);
    if (until !== undefined && now >= until) this.#until.delete(name);
    return now < this.#allUntil || (until !== undefined && now < until);
  }

  /** Records a refusal. With too many refused keys, every read travels on its own for a while. */
  add(name: string, now: number): void {
    this.#until.set(name, now + rememberMs);
    if (this.#until.size <= maxRemembered) return;
    this.#until.clear();
    this.#allUntil = now + rememberMs;
  }

  /** Records an answer: the user may read the key now. */
  remove(name: string): void {
    if (this.#until.size > 0) this.#until.delete(name);
  }
}
