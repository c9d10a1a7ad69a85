import type { EndpointRow } from '../../protocol/index.js';

/** A service with its counts at one time. */
export interface ServiceSummary {
  readonly name: string;
  /** Records whose value is an endpoint. */
  readonly endpoints: number;
  readonly draining: number;
  /** Endpoints without a lease. */
  readonly permanent: number;
  /** Records whose value is not an endpoint. */
  readonly problems: number;
  /** The counts at the present, not at the time of the summary: they are not copied for each change. */
  readonly statuses: ReadonlyMap<string, number>;
  readonly zones: ReadonlyMap<string, number>;
}

/** The records of a service, with counts that are kept up to date with each change. */
export class Service {
  readonly name: string;
  readonly rows = new Map<string, EndpointRow>();
  readonly #statuses = new Map<string, number>();
  readonly #zones = new Map<string, number>();
  #permanent = 0;
  #problems = 0;
  #large = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Records whose value is not an endpoint. */
  get problems(): number {
    return this.#problems;
  }

  /** Endpoints whose metadata is too large for the stream. */
  get large(): number {
    return this.#large;
  }

  put(row: EndpointRow): void {
    this.remove(row.key);
    this.rows.set(row.key, row);
    this.#count(row, 1);
  }

  remove(key: string): void {
    const row = this.rows.get(key);
    if (!row) return;
    this.rows.delete(key);
    this.#count(row, -1);
  }

  summary(): ServiceSummary {
    return {
      name: this.name,
      endpoints: this.rows.size - this.#problems,
      draining: this.#statuses.get('draining') ?? 0,
      permanent: this.#permanent,
      problems: this.#problems,
      statuses: this.#statuses,
      zones: this.#zones,
    };
  }

  #count(row: EndpointRow, by: 1 | -1): void {
    if (row.problem !== undefined) {
      this.#problems += by;
      return;
    }
    if (row.lease === undefined) this.#permanent += by;
    if (row.large !== undefined) this.#large += by;
    if (row.status !== undefined) add(this.#statuses, row.status, by);
    if (row.zone !== undefined) add(this.#zones, row.zone, by);
  }
}

function add(counts: Map<string, number>, name: string, by: number): void {
  const count = (counts.get(name) ?? 0) + by;
  if (count === 0) counts.delete(name);
  else counts.set(name, count);
}
