import type { RowContent } from './row.js';

/** The records of each service that are not in a queue: how many endpoints, and which values that are none. */
export class ServiceIndex {
  readonly #endpoints = new Map<string, number>();
  readonly #unreadable = new Map<string, Set<string>>();

  hasEndpoints(service: string): boolean {
    return this.#endpoints.has(service);
  }

  /** The keys whose values are not endpoints. */
  unreadable(service: string): readonly string[] {
    return [...(this.#unreadable.get(service) ?? [])];
  }

  add(key: string, { kind, service }: RowContent): void {
    if (kind === 'endpoint') this.#count(service, 1);
    else this.#unreadable.set(service, (this.#unreadable.get(service) ?? new Set()).add(key));
  }

  remove(key: string, { kind, service }: RowContent): void {
    if (kind === 'endpoint') this.#count(service, -1);
    else this.#forget(service, key);
  }

  #forget(service: string, key: string): void {
    const keys = this.#unreadable.get(service);
    keys?.delete(key);
    if (keys?.size === 0) this.#unreadable.delete(service);
  }

  #count(service: string, change: number): void {
    const count = (this.#endpoints.get(service) ?? 0) + change;
    if (count > 0) this.#endpoints.set(service, count);
    else this.#endpoints.delete(service);
  }
}
