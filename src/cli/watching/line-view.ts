import type { EndpointEvent, EndpointRecord, EtcdError } from '../../index.js';
import type { Output } from '../io.js';
import { traitCells } from '../records.js';
import type { Target } from '../target.js';
import { count, plain, span } from '../text.js';
import type { WatchView } from './view.js';

/** One line for each change, its time in front: for a pipe, a log, a grep. */
export class LineView implements WatchView {
  readonly #output: Output;
  readonly #target: Target;

  constructor(output: Output, target: Target) {
    this.#output = output;
    this.#target = target;
  }

  event(event: EndpointEvent): void {
    if (event.type === 'snapshot') this.#snapshot(event);
    else this.#delta(event);
  }

  outage(forMs: number, error: EtcdError | undefined): void {
    const why = error ? `: ${error.message}` : '';
    this.#line(`outage etcd is not reached, for ${span(forMs)}${why}`);
  }

  recovered(afterMs: number): void {
    this.#line(`recovered etcd is reached again, after ${span(afterMs)}`);
  }

  end(): void {}

  #snapshot({ reason, revision, endpoints, invalid }: EndpointEvent & { type: 'snapshot' }): void {
    this.#line(`snapshot ${count(endpoints.size, 'endpoint')} reason=${reason} revision=${revision}`);
    for (const record of endpoints.values()) this.#record('endpoint', record);
    for (const key of invalid) this.#line(`invalid ${this.#id(key)}`);
  }

  #delta({ revision, added, changed, removed }: EndpointEvent & { type: 'delta' }): void {
    for (const record of added) this.#record('added', record);
    for (const record of changed) this.#record('changed', record);
    for (const key of removed) this.#line(`removed ${this.#id(key)} revision=${revision}`);
  }

  #record(what: string, record: EndpointRecord): void {
    const { weight, zone, status } = traitCells(record);
    const said = [`weight=${weight}`];
    if (zone !== '-') said.push(`zone=${zone}`);
    if (status !== '-') said.push(`status=${status}`);
    this.#line(
      `${what} ${this.#id(record.key)} ${record.addr} ${said.join(' ')} revision=${record.modRevision}`,
    );
  }

  #id(key: string): string {
    return key.slice(this.#target.prefix.length);
  }

  #line(text: string): void {
    this.#output.write(`${new Date().toISOString()} ${plain(text)}\n`);
  }
}
