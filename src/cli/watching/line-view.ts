import type { EndpointEvent, EndpointRecord, EtcdError, Revision } from '../../index.js';
import { type Output, print } from '../io.js';
import { traitCells } from '../records.js';
import type { Target } from '../target.js';
import { count, shorten, span } from '../text.js';
import { InvalidKeys } from './invalid.js';
import { QuietTimer } from './quiet-timer.js';
import type { WatchView } from './view.js';

/** One line for each change, its time in front: for a pipe, a log, a grep. */
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
      this.#print(`unchanged for ${span(quietMs)} revision=${this.#revision}`),
    );
  }

  event(event: EndpointEvent): void {
    this.#revision = event.revision;
    const { appeared, gone } = this.#invalid.update(event);
    if (event.type === 'snapshot') this.#snapshot(event);
    else this.#delta(event, gone);
    const unreadable = event.type === 'snapshot' ? event.invalid : appeared;
    for (const key of unreadable) this.#line(`invalid ${this.#id(key)}`);
  }

  outage(forMs: number, error: EtcdError | undefined): void {
    const why = error ? `: ${error.message}` : '';
    this.#line(`outage etcd is not reached, for ${span(forMs)}${why}`);
    this.#quiet.stop(); // until etcd is reached again, nobody knows whether anything changed
  }

  recovered(afterMs: number): void {
    this.#line(`recovered etcd is reached again, after ${span(afterMs)}`);
  }

  end(): void {
    this.#quiet.stop();
  }

  #snapshot({ reason, revision, endpoints }: EndpointEvent & { type: 'snapshot' }): void {
    this.#line(`snapshot ${count(endpoints.size, 'endpoint')} reason=${reason} revision=${revision}`);
    for (const record of endpoints.values()) this.#record('endpoint', record);
  }

  #delta(event: EndpointEvent & { type: 'delta' }, gone: readonly string[]): void {
    const { revision, added, changed, removed } = event;
    for (const record of added) this.#record('added', record);
    for (const record of changed) this.#record('changed', record);
    for (const key of [...removed, ...gone]) this.#line(`removed ${this.#id(key)} revision=${revision}`);
  }

  #record(what: string, record: EndpointRecord): void {
    const { weight, zone, status } = traitCells(record);
    const said = [`weight=${weight}`];
    if (zone !== '-') said.push(`zone=${shorten(zone)}`);
    if (status !== '-') said.push(`status=${shorten(status)}`);
    this.#line(
      `${what} ${this.#id(record.key)} ${shorten(record.addr)} ${said.join(' ')} revision=${record.modRevision}`,
    );
  }

  #id(key: string): string {
    return shorten(key.slice(this.#target.prefix.length));
  }

  #line(text: string): void {
    this.#print(text);
    this.#quiet.restart();
  }

  #print(text: string): void {
    print(this.#output, [`${new Date().toISOString()} ${text}`]);
  }
}
