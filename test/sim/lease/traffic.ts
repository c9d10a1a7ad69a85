/** A request as the network knows it. */
export interface Sent {
  readonly lease: bigint;
  readonly stream: number;
  readonly at: number;
}

/** What was sent and what was answered, by tags that pass the core by. */
export class Traffic {
  readonly #sent = new Map<number, Sent>();
  /** Unanswered, by stream and lease. */
  readonly #outstanding = new Map<string, number>();

  sent(stream: number, lease: bigint, tag: number, at: number): void {
    this.#sent.set(tag, { lease, stream, at });
    this.#outstanding.set(`${stream} ${lease}`, this.owed(stream, lease) + 1);
  }

  /** The request that an answer really belongs to; undefined when it belongs to none. */
  answered(stream: number, lease: bigint, tag: number): Sent | undefined {
    const sent = this.#sent.get(tag);
    if (sent) this.#outstanding.set(`${stream} ${lease}`, this.owed(stream, lease) - 1);
    return sent;
  }

  request(tag: number): Sent | undefined {
    return this.#sent.get(tag);
  }

  forget(tag: number): void {
    this.#sent.delete(tag);
  }

  owed(stream: number, lease: bigint): number {
    return this.#outstanding.get(`${stream} ${lease}`) ?? 0;
  }

  soleLease(stream: number): bigint | undefined {
    const owed = [...this.#outstanding].filter(([at, count]) => at.startsWith(`${stream} `) && count > 0);
    const [sole] = owed;
    return sole && owed.length === 1 ? BigInt(sole[0].split(' ')[1] ?? 0) : undefined;
  }
}
