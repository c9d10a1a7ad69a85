import type { Profile } from './profile.js';
import type { ServerStream } from './server-stream.js';
import type { Store } from './store.js';

/** One member: its applied revision, and the watch streams that it serves. */
export class Member {
  readonly name: string;
  readonly profile: Profile;
  readonly streams = new Set<ServerStream>();
  /** The last revision that it has applied. */
  revision = 1;
  compactRevision = 0;
  up = true;
  leaderless = false;
  /** How long it takes to apply a committed entry. */
  lagMs = 1;
  readonly #store: Store;

  constructor(name: string, profile: Profile, store: Store) {
    this.name = name;
    this.profile = profile;
    this.#store = store;
  }

  /** Applies the history up to `revision`, one revision at a time. */
  applyTo(revision: number): void {
    if (!this.up || this.leaderless) return;
    const target = Math.min(revision, this.#store.revision);
    while (this.revision < target) {
      this.revision++;
      for (const stream of this.streams) stream.notify(this.revision);
    }
    for (const { at, to } of this.#store.compactions) {
      if (at <= this.revision && to > this.compactRevision) this.compactRevision = to;
    }
  }

  /** Restarts from the cluster's current history. */
  reset(): void {
    this.revision = this.#store.revision;
    this.compactRevision = this.#store.compactRevision;
  }
}
