import type { ClientMetrics } from '../index.js';
import { type InstrumentDefinition, readSeries } from './instruments.js';
import { SeriesTable } from './series.js';

/** How many names of closed clients are remembered. */
const maxNames = 100;

/** The counts of the closed clients of one name. */
interface Ended {
  readonly counters: ReadonlyMap<InstrumentDefinition, SeriesTable>;
  /** Whether a client has closed since the last collection. */
  isNew: boolean;
}

/**
 * What closed clients have counted. A client that closes between two collections would not be counted otherwise, and the
 * counters of the next one of its name would begin again. Names that have not been used for the longest time are
 * forgotten.
 */
export class EndedClients {
  readonly #definitions: readonly InstrumentDefinition[];
  readonly #byName = new Map<string, Ended>();

  /** @param definitions Those of counters. */
  constructor(definitions: readonly InstrumentDefinition[]) {
    this.#definitions = definitions;
  }

  /** @param metrics The final ones of a client. */
  add(metrics: ClientMetrics): void {
    const { client } = metrics;
    const ended = this.#byName.get(client) ?? { counters: this.#tables(), isNew: true };
    ended.isNew = true;
    for (const [definition, table] of ended.counters)
      for (const { attributes, value } of readSeries(definition, metrics)) table.add(attributes, value);
    this.#byName.delete(client);
    this.#byName.set(client, ended);
    const [oldest] = this.#byName.keys();
    if (this.#byName.size > maxNames && oldest !== undefined) this.#byName.delete(oldest);
  }

  /** Takes the names of the clients that closed since the last call. */
  takeNew(): readonly string[] {
    const names = [...this.#byName].flatMap(([name, { isNew }]) => (isNew ? [name] : []));
    for (const ended of this.#byName.values()) ended.isNew = false;
    return names;
  }

  /** What the closed clients of a name have counted. */
  counts(client: string, definition: InstrumentDefinition): SeriesTable | undefined {
    return this.#byName.get(client)?.counters.get(definition);
  }

  #tables(): ReadonlyMap<InstrumentDefinition, SeriesTable> {
    return new Map(this.#definitions.map((definition) => [definition, new SeriesTable()]));
  }
}
