import type { Revision } from '../model/index.js';
import type { Watcher } from '../watch/index.js';

/**
 * For how long a live watch has owed events that the store is known to have. Releases before 3.4.31 and 3.5.13 may skip
 * a watcher's events when history is compacted while its stream stands still, and report nothing (etcd#17529).
 */
export class OverdueEvents {
  #watcher: Watcher | undefined;
  #revision: Revision = -1n;
  #since = 0;

  /**
   * Call it each time a read showed that the view at this revision is not complete. Returns milliseconds; 0 while the
   * view moves, and for a watch that is not live or not there.
   */
  overdueMs(watcher: Watcher | undefined, revision: Revision, now: number): number {
    const goesOn = watcher?.live === true && watcher === this.#watcher && revision === this.#revision;
    if (!goesOn) this.#since = now;
    this.#watcher = watcher?.live ? watcher : undefined;
    this.#revision = revision;
    return now - this.#since;
  }
}
