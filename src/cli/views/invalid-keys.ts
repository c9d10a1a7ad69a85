import type { EndpointEvent } from '../../index.js';

/** Tracks the keys whose value is not an endpoint. An event lists all of them; this returns the differences. */
export class InvalidKeys {
  #known: ReadonlySet<string> = new Set();

  /** Returns the keys that became invalid with this event, and the invalid keys that were deleted. */
  update(event: EndpointEvent): { readonly added: readonly string[]; readonly removed: readonly string[] } {
    const [before, after] = [this.#known, event.invalid];
    this.#known = after;
    if (before === after) return { added: [], removed: [] };
    const nowEndpoints = new Set(event.type === 'delta' ? event.added.map(({ key }) => key) : []);
    return {
      added: [...after].filter((key) => !before.has(key)),
      removed: [...before].filter((key) => !after.has(key) && !nowEndpoints.has(key)),
    };
  }
}
