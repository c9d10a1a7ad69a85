import { type Clock, MovableTimer } from '../../../internal.js';

/** The interval while a page is open, and while none is, in milliseconds. */
const [activeMs, idleMs] = [2_000, 10_000];
/** A read that takes longer has failed: with the interval before it, a silent etcd is noticed within 5 s. */
const timeoutMs = 3_000;
const minPauseMs = 500;

export interface ProbePorts {
  readonly clock: Clock;
  /** Reads from etcd, and resolves when the view has what the read found. */
  readonly read: (options: { readonly signal: AbortSignal; readonly timeoutMs: number }) => Promise<unknown>;
  /** @param sentAt When the read was sent, on the clock. */
  readonly onAnswer: (sentAt: number) => void;
  readonly onFailure: (error: unknown, sentAt: number) => void;
}

/**
 * Reads from etcd at intervals: a watch alone does not show that etcd is silent, as after a partition or while it is
 * stopped, and its connection stays open for long.
 */
export class Probe {
  readonly #ports: ProbePorts;
  readonly #timer: MovableTimer;
  readonly #stop = new AbortController();
  #intervalMs = idleMs;
  #isReading = false;

  constructor(ports: ProbePorts) {
    this.#ports = ports;
    this.#timer = new MovableTimer(ports.clock, () => this.readNow());
  }

  setActive(isActive: boolean): void {
    const wasIdle = this.#intervalMs === idleMs;
    this.#intervalMs = isActive ? activeMs : idleMs;
    if (isActive && wasIdle) this.readNow();
  }

  readNow(): void {
    if (!this.#isReading && !this.#stop.signal.aborted) void this.#read();
  }

  stop(): void {
    this.#stop.abort();
    this.#timer.cancel();
  }

  async #read(): Promise<void> {
    const { clock, read, onAnswer, onFailure } = this.#ports;
    const { signal } = this.#stop;
    const sentAt = clock.now();
    this.#isReading = true;
    this.#timer.cancel();
    let failure: { readonly error: unknown } | undefined;
    await read({ signal, timeoutMs }).catch((error: unknown) => {
      failure = { error };
    });
    this.#isReading = false;
    if (signal.aborted) return;
    const intervalMs = failure ? 0 : sentAt + this.#intervalMs - clock.now();
    this.#timer.setIn(Math.max(minPauseMs, intervalMs));
    if (failure) onFailure(failure.error, sentAt);
    else onAnswer(sentAt);
  }
}
