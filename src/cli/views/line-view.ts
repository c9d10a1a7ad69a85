import type { EndpointEvent, EndpointRecord, EtcdError, Revision } from '../../index.js';
import type { Target } from '../args/target.js';
import { traitCells } from '../data/records.js';
import { type Output, print } from '../output/io.js';
import { escapeAndTruncate, formatDuration, pluralize } from '../output/text.js';
import { InvalidKeys } from './invalid-keys.js';
import { QuietTimer } from './quiet-timer.js';
import type { WatchView } from './view.js';

/** Prints one line with a timestamp for each change, for pipes and logs. */
export class LineView implements WatchView {
  readonly #output: Output;
  readonly #target: Target;
  readonly #invalid = new InvalidKeys();
  readonly #quiet: QuietTimer;
  #revision: Revision = 0n;

  constructor(output: Output, target: Target) {
    this.#output = output;
    this.#target = target;
    this.#quiet = new QuietTimer((quietMs) =>
      this.#print(`unchanged for ${formatDuration(quietMs)} revision=${this.#revision}`),
    );
  }

  onEvent(event: EndpointEvent): void {
    this.#revision = event.revision;
    const { added, removed } = this.#invalid.update(event);
    if (event.type === 'snapshot') this.#snapshot(event);
    else this.#delta(event, removed);
    const invalid = event.type === 'snapshot' ? event.invalid : added;
    for (const key of invalid) this.#line(`invalid ${this.#id(key)}`);
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    const reason = error ? `: ${error.message}` : '';
    this.#line(`outage etcd is unreachable for ${formatDuration(forMs)}${reason}`);
    this.#quiet.stop(); // during an outage it is unknown whether anything changed
  }

  onRecovery(afterMs: number): void {
    this.#line(`recovered etcd is reachable again after ${formatDuration(afterMs)}`);
  }

  close(): void {
    this.#quiet.stop();
  }

  #snapshot({ reason, revision, endpoints }: EndpointEvent & { type: 'snapshot' }): void {
    this.#line(`snapshot ${pluralize(endpoints.size, 'endpoint')} reason=${reason} revision=${revision}`);
    for (const record of endpoints.values()) this.#record('endpoint', record);
  }

  #delta(event: EndpointEvent & { type: 'delta' }, removedInvalid: readonly string[]): void {
    const { revision, added, changed, removed } = event;
    for (const record of added) this.#record('added', record);
    for (const record of changed) this.#record('changed', record);
    for (const key of [...removed, ...removedInvalid])
      this.#line(`removed ${this.#id(key)} revision=${revision}`);
  }

  #record(change: string, record: EndpointRecord): void {
    const { weight, zone, status } = traitCells(record);
    const traits = [`weight=${weight}`];
    if (zone !== '-') traits.push(`zone=${escapeAndTruncate(zone)}`);
    if (status !== '-') traits.push(`status=${escapeAndTruncate(status)}`);
    const [id, addr] = [this.#id(record.key), escapeAndTruncate(record.addr)];
    this.#line(`${change} ${id} ${addr} ${traits.join(' ')} revision=${record.modRevision}`);
  }

  #id(key: string): string {
    return escapeAndTruncate(key.slice(this.#target.prefix.length));
  }

  #line(text: string): void {
    this.#print(text);
    this.#quiet.restart();
  }

  #print(text: string): void {
    print(this.#output, [`${new Date().toISOString()} ${text}`]);
  }
}
