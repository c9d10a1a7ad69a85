import type { Clock } from '../../../async/index.js';
import type { MirrorStatus } from '../../../mirror/index.js';
import { withJson } from '../../../model/index.js';
import type { MirrorState } from '../service-mirror.js';

/** The mirror of one prefix. */
export interface PartState {
  readonly mirror: { readonly current: MirrorState | undefined };
  /** When the records were last known to be current, from the end of a mirror until the next one has listed them. */
  staleSince: number | undefined;
}

/** The state of several mirrors, as if they were one. */
export class UnionState {
  readonly #clock: Clock;
  readonly #parts: readonly PartState[];
  #mirrors: readonly MirrorState[] = [];
  #current: MirrorState | undefined;

  constructor(clock: Clock, parts: readonly PartState[]) {
    this.#clock = clock;
    this.#parts = parts;
  }

  /** Another object after one of the mirrors was replaced; undefined until each prefix has a mirror. */
  get current(): MirrorState | undefined {
    const mirrors = this.#parts.flatMap(({ mirror }) => mirror.current ?? []);
    if (mirrors.length < this.#parts.length) return undefined;
    if (this.#current && mirrors.every((one, i) => one === this.#mirrors[i])) return this.#current;
    this.#mirrors = mirrors;
    this.#current = {
      status: () => this.#status(),
      verify: async (options) => {
        const verified = await Promise.all(mirrors.map((one) => one.verify(options)));
        return verified.every(Boolean);
      },
    };
    return this.#current;
  }

  /** The mirror of a prefix ended, and another will replace it, which does not know since when its records are stale. */
  onEnd(part: PartState): void {
    const { fresh, forMs } = part.mirror.current?.status() ?? { fresh: true, forMs: 0 };
    part.staleSince ??= this.#clock.now() - (fresh ? 0 : forMs);
  }

  /** Fresh if all are. `forMs`: since when all of them are fresh, or the first one is not. */
  #status(): MirrorStatus {
    const all = this.#parts.map((part) => this.#statusOf(part));
    const stale = all.filter(({ fresh }) => !fresh).map(({ forMs }) => forMs);
    const fresh = stale.length === 0;
    return withJson({
      fresh,
      forMs: fresh ? Math.min(...all.map(({ forMs }) => forMs)) : Math.max(...stale),
      revision: all.map(({ revision }) => revision).reduce((a, b) => (a < b ? a : b)),
      reconnects: all.reduce((sum, { reconnects }) => sum + reconnects, 0),
    });
  }

  #statusOf({ mirror, staleSince }: PartState): MirrorStatus {
    const status = mirror.current?.status() ?? { fresh: false, forMs: 0, revision: 0n, reconnects: 0 };
    if (staleSince === undefined) return status;
    return { ...status, fresh: false, forMs: this.#clock.now() - staleSince };
  }
}
