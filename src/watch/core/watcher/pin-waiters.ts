import type { SessionContext } from '../context.js';
import type { WatcherState } from './watcher-state.js';

/** A read that has ended. */
export interface EndedRead {
  /** The watcher whose key it used; undefined when it has left. */
  readonly reader: WatcherState | undefined;
  /** The watchers that waited when it was sent, the reader among them. */
  readonly served: readonly WatcherState[];
}

/**
 * The watchers that wait for the revision from which "from now on" starts. Revisions are global and the read is
 * linearizable, so one read serves all that waited when it was sent. One read is pending at a time.
 */
export class PinWaiters {
  readonly #context: SessionContext;
  /** For the next read; some may have left since. */
  #waiting: WatcherState[] = [];
  /** For the pending read; some may have left since. */
  #served: WatcherState[] = [];
  #reader: WatcherState | undefined;
  #read: 'none' | 'scheduled' | 'pending' = 'none';

  constructor(context: SessionContext) {
    this.#context = context;
  }

  add(state: WatcherState): void {
    this.#waiting.push(state);
    if (this.#read !== 'none') return;
    this.#read = 'scheduled';
    this.#context.emit({ type: 'schedule-pin-read' });
  }

  /** Sends the scheduled read. It also serves the watchers that were added since. */
  readScheduled(): void {
    if (this.#read === 'scheduled') this.readNext();
  }

  /** Sends the next read, if a watcher waits for it. */
  readNext(): void {
    const reader = this.#waiting.find(isWaiting);
    this.#read = reader ? 'pending' : 'none';
    this.#reader = reader;
    this.#served = this.#waiting;
    this.#waiting = [];
    if (!reader) return;
    this.#context.emit({ type: 'read-pin', watcher: reader.key, range: reader.range });
  }

  /** Called when the pending read has ended. The caller decides about its watchers, and then calls `readNext`. */
  takeEnded(): EndedRead {
    const served = this.#served.filter(isWaiting);
    const reader = this.#reader && isWaiting(this.#reader) ? this.#reader : undefined;
    this.#served = [];
    this.#reader = undefined;
    return { reader, served };
  }
}

/** Only the end of a read or of the watcher ends this phase. */
function isWaiting({ phase }: WatcherState): boolean {
  return phase === 'pinning';
}
