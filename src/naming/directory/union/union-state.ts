import type { Clock } from '../../../async/index.js';
import { PermissionDeniedError } from '../../../errors/index.js';
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
  /** At this time. */
  readonly #parts: () => readonly PartState[];
  #mirrors: readonly MirrorState[] = [];
  #current: MirrorState | undefined;

  constructor(clock: Clock, parts: () => readonly PartState[]) {
    this.#clock = clock;
    this.#parts = parts;
  }

  /** Another object after one of the mirrors was replaced; undefined without parts, and until each has a mirror. */
  get current(): MirrorState | undefined {
    const parts = this.#parts();
    const mirrors = parts.flatMap(({ mirror }) => mirror.current ?? []);
    if (parts.length === 0 || mirrors.length < parts.length) return undefined;
    if (this.#current && isSameList(mirrors, this.#mirrors)) return this.#current;
    this.#mirrors = mirrors;
    this.#current = {
      status: () => this.#status(parts),
      verify: (options) => verifyAll(mirrors, options),
    };
    return this.#current;
  }

  /** The mirror of a prefix ended, and another will replace it, which does not know since when its records are stale. */
  onEnd(part: PartState): void {
    const { fresh, forMs } = part.mirror.current?.status() ?? { fresh: true, forMs: 0 };
    part.staleSince ??= this.#clock.now() - (fresh ? 0 : forMs);
  }

  /** Fresh if all are. `forMs`: since when all of them are fresh, or the first one is not. */
  #status(parts: readonly PartState[]): MirrorStatus {
    const all = parts.map((part) => this.#statusOf(part));
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

/**
 * Verifies each mirror, except those that may not be read, as long as another is verified: a watch may outlive its
 * permission.
 */
async function verifyAll(
  mirrors: readonly MirrorState[],
  options: Parameters<MirrorState['verify']>[0],
): Promise<boolean> {
  const verify = async (mirror: MirrorState) => {
    try {
      return (await mirror.verify(options)) ? 'verified' : 'failed';
    } catch (error) {
      if (error instanceof PermissionDeniedError) return 'denied';
      throw error;
    }
  };
  const results = await Promise.all(mirrors.map(verify));
  return results.includes('verified') && !results.includes('failed');
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}
