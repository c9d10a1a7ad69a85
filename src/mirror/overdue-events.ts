import type { Revision } from '../model/index.js';
import type { Watcher } from '../watch/index.js';

/**
 * Measures how long a live watch has lacked events that the store is known to have.
 *
 * Workaround (etcd before 3.4.31, 3.5.13; https://github.com/etcd-io/etcd/issues/17529): etcd may silently skip a
 * watcher's events when history is compacted while its stream is blocked. Remove when no affected release is supported.
 */
export class OverdueEvents {
  #watcher: Watcher | undefined;
  #revision: Revision = -1n;
  #since = 0;

  /**
   * Call it after each read that shows that the view at this revision is incomplete. Returns for how many milliseconds
   * it has been incomplete; 0 when the view has advanced since the last call, and without a live watcher.
   */
  overdueMs(watcher: Watcher | undefined, revision: Revision, now: number): number {
    const isUnchanged = watcher?.live === true && watcher === this.#watcher && revision === this.#revision;
    if (!isUnchanged) this.#since = now;
    this.#watcher = watcher?.live ? watcher : undefined;
    this.#revision = revision;
    return now - this.#since;
  }
}
