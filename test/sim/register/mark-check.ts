import type { RegistrationEffect } from '#src/naming/register/core/index.js';

/** For how long a revoke may wait for the mark. */
export const markTimeoutMs = 1_000;

interface PendingMark {
  readonly request: number;
  readonly lease: bigint;
  readonly sentAt: number;
  isAnswered: boolean;
  isCancelled: boolean;
}

interface MarkCheckOptions {
  readonly now: () => number;
  readonly count: (what: string) => void;
  readonly violate: (text: string) => void;
}

/** Checks that the lease of a marked record is revoked when the mark is answered, or given up after its time. */
export class MarkCheck {
  readonly #options: MarkCheckOptions;
  /** Until the lease is revoked. */
  #mark: PendingMark | undefined;

  constructor(options: MarkCheckOptions) {
    this.#options = options;
  }

  /** Whether the revoke waits for the mark. */
  get isPending(): boolean {
    return this.#mark !== undefined;
  }

  onSent(request: number, lease: bigint): void {
    const sentAt = this.#options.now();
    this.#mark = { request, lease, sentAt, isAnswered: false, isCancelled: false };
  }

  onAnswer(request: number): void {
    if (this.#mark?.request === request) this.#mark.isAnswered = true;
  }

  /** Called after each input, before its effects. */
  afterInput(effects: readonly RegistrationEffect[]): void {
    const mark = this.#mark;
    if (!mark?.isAnswered) return;
    if (!effects.some((effect) => effect.type === 'revoke' && effect.lease === mark.lease))
      this.#options.violate('the revoke does not follow the answer of the mark at once');
  }

  onCancel(request: number): void {
    if (this.#mark?.request === request) this.#mark.isCancelled = true;
  }

  onRevoke(lease: bigint): void {
    if (this.#mark?.lease !== lease) return;
    const { now, count, violate } = this.#options;
    const { isAnswered, isCancelled, sentAt } = this.#mark;
    this.#mark = undefined;
    count(isAnswered ? 'marks answered' : 'marks given up');
    if (isAnswered) return;
    if (now() < sentAt + markTimeoutMs) violate('the revoke does not wait for the mark');
    if (!isCancelled) violate('a mark that is given up is not cancelled');
  }
}
