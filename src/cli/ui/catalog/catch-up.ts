import type { Mirror, Revision } from '../../../index.js';
import type { Clock } from '../../../internal.js';

/** The part of a mirror that shows how far it is. */
export interface Advancing {
  status(): Pick<ReturnType<Mirror['status']>, 'revision'>;
  waitForRevision: Mirror['waitForRevision'];
}

/**
 * Waits until a mirror has what a read found: a member that answers reads says nothing about the watch, which another
 * member may serve, or a proxy may hold up.
 */
export class CatchUp {
  readonly #clock: Clock;
  /**
   * The wait that runs, which has no time limit: while something waits, a mirror reads to find out whether changes of its
   * range are missing, and replaces a watch that does not deliver them.
   */
  #running: { readonly mirror: Advancing; readonly ended: Promise<unknown> } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Resolves when the mirror has everything up to a revision.
   * @throws {Error} after the timeout, or if the mirror ended.
   */
  async untilAt(
    mirror: Advancing,
    revision: Revision,
    { signal, timeoutMs }: { readonly signal: AbortSignal; readonly timeoutMs: number },
  ): Promise<void> {
    const deadline = this.#clock.now() + timeoutMs;
    while (mirror.status().revision < revision) {
      const { ended } = this.#wait(mirror, revision, signal);
      if (await this.#isLater(deadline, ended))
        throw new Error('the watch is behind: changes that etcd has have not arrived');
    }
  }

  #wait(mirror: Advancing, revision: Revision, signal: AbortSignal): { readonly ended: Promise<unknown> } {
    if (this.#running?.mirror === mirror) return this.#running;
    const ended = mirror.waitForRevision(revision, { signal }).finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    ended.catch(() => {}); // what waits for it may have given up
    const running = { mirror, ended };
    this.#running = running;
    return running;
  }

  /** Whether the promise has not ended at that time. Rejects if it does. */
  #isLater(deadline: number, ended: Promise<unknown>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.setTimer(Math.max(0, deadline - this.#clock.now()), () => resolve(true));
      ended.then(() => resolve(false), reject).finally(cancel);
    });
  }
}
