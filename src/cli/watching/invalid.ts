import type { EndpointEvent } from '../../index.js';

/** Follows which keys hold no endpoint: an event has them all, and a reader wants what is new. */
export class InvalidKeys {
  #known: ReadonlySet<string> = new Set();

  /** The keys that hold no endpoint since this event, and those that held none before and are gone. */
  update(event: EndpointEvent): { readonly appeared: readonly string[]; readonly gone: readonly string[] } {
    const [before, after] = [this.#known, event.invalid];
    this.#known = after;
    if (before === after) return { appeared: [], gone: [] };
    const nowEndpoints = new Set(event.type === 'delta' ? event.added.map(({ key }) => key) : []);
    return {
      appeared: [...after].filter((key) => !before.has(key)),
      gone: [...before].filter((key) => !after.has(key) && !nowEndpoints.has(key)),
    };
  }
}
