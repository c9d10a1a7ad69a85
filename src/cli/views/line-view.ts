import type { EndpointEvent, EndpointRecord, EtcdError, Revision } from '../../index.js';
import type { Target } from '../args/target.js';
import { noRemovals, type Removals } from '../data/departures.js';
import { formatRecordLeaseId } from '../data/leases.js';
import { metadataCell, traitCells } from '../data/records.js';
import { type Output, print } from '../output/io.js';
import { escapeAndTruncate, formatDuration, pluralize } from '../output/text.js';
import { InvalidKeys } from './invalid-keys.js';
import { outageLine } from './outages.js';
import { QuietPrinter } from './quiet-printer.js';
import type { WatchView } from './view.js';

/** Prints one line with a timestamp for each change, for pipes and logs. */
export class LineView implements WatchView {
  readonly #target: Target;
  readonly #printer: QuietPrinter<string>;
  readonly #invalid = new InvalidKeys();
  readonly #isWide: boolean;

  /** @param isWide whether a line has the columns of `--output wide` too. */
  constructor(output: Output, target: Target, isWide = false) {
    this.#target = target;
    this.#isWide = isWide;
    this.#printer = new QuietPrinter<string>(
      (text) => print(output, [`${new Date().toISOString()} ${text}`]),
      {
        unchanged: (forMs, revision) => `unchanged for ${formatDuration(forMs)} revision=${revision}`,
        outage: outageLine,
      },
    );
  }

  onEvent(event: EndpointEvent, removals = noRemovals): void {
    this.#printer.revision = event.revision;
    const { added, removed } = this.#invalid.update(event);
    if (event.type === 'snapshot') this.#snapshot(event, removals);
    else this.#delta(event, removals, removed);
    const invalid = event.type === 'snapshot' ? event.invalid : added;
    for (const key of invalid) this.#printer.line(`invalid ${this.#id(key)}`);
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#printer.outage(forMs, error);
  }

  onRecovery(afterMs: number): void {
    this.#printer.recover();
    this.#printer.line(`recovered etcd is reachable again after ${formatDuration(afterMs)}`);
  }

  close(): void {
    this.#printer.close();
  }

  #snapshot({ reason, revision, endpoints }: EndpointEvent & { type: 'snapshot' }, removals: Removals): void {
    this.#printer.line(
      `snapshot ${pluralize(endpoints.size, 'endpoint')} reason=${reason} revision=${revision}`,
    );
    for (const record of endpoints.values()) this.#record('endpoint', record);
    for (const key of removals.keys()) this.#removed(key, revision, removals);
  }

  #delta(
    event: EndpointEvent & { type: 'delta' },
    removals: Removals,
    removedInvalid: readonly string[],
  ): void {
    const { revision, added, changed, removed } = event;
    for (const record of added) this.#record('added', record);
    for (const record of changed) this.#record('changed', record);
    for (const key of removed) this.#removed(key, revision, removals);
    for (const key of removedInvalid) this.#printer.line(`deleted ${this.#id(key)} revision=${revision}`);
  }

  #removed(key: string, revision: Revision, removals: Removals): void {
    const removal = removals.get(key);
    const why = removal ? ` reason=${removal.reason}` : '';
    this.#printer.line(`removed ${this.#id(key)} revision=${revision}${why}`);
  }

  #record(change: string, record: EndpointRecord): void {
    const { weight, zone, status } = traitCells(record);
    const traits = [`weight=${weight}`];
    if (zone !== '-') traits.push(`zone=${escapeAndTruncate(zone)}`);
    if (status !== '-') traits.push(`status=${escapeAndTruncate(status)}`);
    const [id, addr] = [this.#id(record.key), escapeAndTruncate(record.addr)];
    const wide = this.#isWide ? wideText(record) : '';
    this.#printer.line(`${change} ${id} ${addr} ${traits.join(' ')} revision=${record.modRevision}${wide}`);
  }

  #id(key: string): string {
    return escapeAndTruncate(key.slice(this.#target.prefix.length));
  }
}

function wideText(record: EndpointRecord): string {
  const metadata = escapeAndTruncate(metadataCell(record));
  return ` create-revision=${record.createRevision} lease-id=${formatRecordLeaseId(record.lease)} metadata=${metadata}`;
}
