import { DeadlineError, EtcdError, errorFromServer } from '#src/errors/index.js';
import type { VirtualClock } from './clock.js';
import type { Random } from './random.js';

/** How requests are handled at present. */
export type NetworkMode = 'fair' | 'refuse' | 'lose-requests' | 'lose-answers' | 'late-writes' | 'stall';

type Answer<T> = { readonly value: T } | { readonly error: EtcdError };

/** Between a process and etcd: requests and answers may be lost. */
export class Network {
  mode: NetworkMode = 'fair';
  readonly #clock: VirtualClock;
  readonly #random: Random;
  #fairAt = 0;

  constructor(clock: VirtualClock, random: Random) {
    this.#clock = clock;
    this.#random = random;
  }

  get isUp(): boolean {
    return this.mode === 'fair';
  }

  setMode(mode: NetworkMode, ms: number): void {
    this.mode = mode;
    const fairAt = this.#clock.now + ms;
    this.#fairAt = fairAt;
    this.#clock.after(ms, () => {
      if (this.#fairAt === fairAt) this.mode = 'fair';
    });
  }

  heal(): void {
    this.mode = 'fair';
    this.#fairAt = 0;
  }

  delay(): number {
    return this.#random.between(1, 15);
  }

  /** Executes the request or not, and answers in time or as after a lost answer, depending on the mode. */
  request<T>(deadlineMs: number, serve: () => T, answer: (answer: Answer<T>) => void): void {
    const clock = this.#clock;
    const deadline = clock.now + deadlineMs;
    const late = () => answer({ error: new DeadlineError('not answered in time') });
    const atDeadline = () => clock.after(Math.max(0, deadline - clock.now), late);
    clock.after(this.delay(), () => {
      switch (this.mode) {
        case 'fair': {
          const result = this.#serve(serve);
          clock.after(this.delay(), () => answer(result));
          return;
        }
        case 'refuse':
          answer({
            error: new EtcdError('connect ECONNREFUSED', { code: 14, verdict: 'not-applied' }),
          });
          return;
        case 'lose-requests':
          atDeadline();
          return;
        case 'lose-answers': {
          this.#serve(serve);
          if (this.#random.chance(0.5)) atDeadline();
          else clock.after(this.delay(), () => answer({ error: lostAnswer() }));
          return;
        }
        case 'late-writes':
          clock.after(this.#random.between(50, 9_000), () => this.#serve(serve));
          clock.after(this.#random.between(10, 500), () => answer({ error: lostAnswer() }));
          return;
        case 'stall': {
          const servedAt = Math.max(this.#fairAt, clock.now);
          clock.after(servedAt - clock.now + 1, () => {
            const result = this.#serve(serve);
            if (clock.now < deadline) answer(result);
          });
          if (servedAt + 1 >= deadline) atDeadline();
        }
      }
    });
  }

  #serve<T>(serve: () => T): Answer<T> {
    try {
      return { value: serve() };
    } catch (error) {
      if (error instanceof EtcdError) return { error };
      throw error;
    }
  }
}

function lostAnswer(): EtcdError {
  return errorFromServer(14, 'Connection dropped');
}
