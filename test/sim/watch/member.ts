import type { Profile } from './profile.js';
import type { ServerStream } from './server-stream.js';
import type { Store } from './store.js';

/** One member: how far it has applied the cluster's history, and the watch streams it serves. */
export class Member {
  readonly name: string;
  readonly profile: Profile;
  readonly streams = new Set<ServerStream>();
  /** How far it has applied the history. */
  revision = 1;
  compactRevision = 0;
  up = true;
  leaderless = false;
  /** How long it takes to apply what the cluster agreed upon. */
  lagMs = 1;
  readonly #store: Store;

  constructor(name: string, profile: Profile, store: Store) {
    this.name = name;
    this.profile = profile;
    this.#store = store;
  }

  /** Applies the history up to there, a revision at a time. */
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

  /** Starts again from the cluster's history as it is now. */
  reset(): void {
    this.revision = this.#store.revision;
    this.compactRevision = this.#store.compactRevision;
  }
}
