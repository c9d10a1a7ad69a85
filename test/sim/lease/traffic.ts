/** A request on the network. */
export interface SentRequest {
  readonly lease: bigint;
  readonly stream: number;
  readonly at: number;
}

/** Requests and answers, matched by tags that the core does not see. */
export class Traffic {
  readonly #sent = new Map<number, SentRequest>();
  /** Outstanding requests by stream and lease. */
  readonly #outstanding = new Map<string, number>();

  sent(stream: number, lease: bigint, tag: number, at: number): void {
    this.#sent.set(tag, { lease, stream, at });
    this.#outstanding.set(`${stream} ${lease}`, this.outstanding(stream, lease) + 1);
  }

  /** The request that an answer belongs to, if any. */
  answered(stream: number, lease: bigint, tag: number): SentRequest | undefined {
    const sent = this.#sent.get(tag);
    if (sent) this.#outstanding.set(`${stream} ${lease}`, this.outstanding(stream, lease) - 1);
    return sent;
  }

  request(tag: number): SentRequest | undefined {
    return this.#sent.get(tag);
  }

  forget(tag: number): void {
    this.#sent.delete(tag);
  }

  outstanding(stream: number, lease: bigint): number {
    return this.#outstanding.get(`${stream} ${lease}`) ?? 0;
  }

  soleLease(stream: number): bigint | undefined {
    const requested = [...this.#outstanding].filter(
      ([at, count]) => at.startsWith(`${stream} `) && count > 0,
    );
    const [sole] = requested;
    return sole && requested.length === 1 ? BigInt(sole[0].split(' ')[1] ?? 0) : undefined;
  }
}
