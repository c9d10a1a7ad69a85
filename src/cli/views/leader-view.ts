import { type EtcdError, formatLeaseId, keyText, type Leader } from '../../index.js';
import { bytesToJson } from '../../internal.js';
import { type Output, print, printJson } from '../output/io.js';
import { escapeAndTruncate, formatDuration } from '../output/text.js';
import { outageLine, outageToJson } from './outages.js';
import { QuietPrinter } from './quiet-printer.js';
import type { OutageView } from './view.js';

/** How the changes of an election are printed. */
interface LeaderLines<Line> {
  leader(leader: Leader): Line;
  readonly none: Line;
  recovered(afterMs: number): Line;
}

/** Prints one line for each leader of an election, and for each value that it proclaims. */
export class LeaderView<Line> implements OutageView {
  readonly #lines: LeaderLines<Line>;
  readonly #printer: QuietPrinter<Line>;

  constructor(lines: LeaderLines<Line>, printer: QuietPrinter<Line>) {
    this.#lines = lines;
    this.#printer = printer;
  }

  onLeader(leader: Leader | undefined): void {
    this.#printer.line(leader ? this.#lines.leader(leader) : this.#lines.none);
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#printer.outage(forMs, error);
  }

  onRecovery(afterMs: number): void {
    this.#printer.recover();
    this.#printer.line(this.#lines.recovered(afterMs));
  }

  close(): void {
    this.#printer.close();
  }
}

/** Lines with a timestamp. The value is last, because it may contain spaces. */
export function leaderTextView(output: Output): LeaderView<string> {
  const printer = new QuietPrinter<string>((text) => print(output, [`${new Date().toISOString()} ${text}`]), {
    unchanged: (forMs) => `unchanged for ${formatDuration(forMs)}`,
    outage: outageLine,
  });
  const lines = {
    leader: ({ key, value, leaseId, modRevision }: Leader) =>
      `leader ${escapeAndTruncate(keyText(key))} ${leaseText(leaseId)} revision=${modRevision} ` +
      `value=${escapeAndTruncate(value.toString())}`,
    none: 'no-leader',
    recovered: (afterMs: number) => `recovered etcd is reachable again after ${formatDuration(afterMs)}`,
  };
  return new LeaderView(lines, printer);
}

/** One line of JSON for each change. */
export function leaderJsonView(output: Output): LeaderView<object> {
  const printer = new QuietPrinter<object>(
    (document) => printJson(output, { time: new Date().toISOString(), ...document }),
    {
      unchanged: (forMs) => ({ type: 'unchanged', forMs }),
      outage: (outage) => ({ type: 'outage', ...outageToJson(outage) }),
    },
  );
  const lines = {
    leader: ({ key, value, leaseId, createRevision, modRevision }: Leader) => ({
      type: 'leader',
      key: keyText(key),
      value: bytesToJson(value),
      lease: leaseId ?? null,
      createRevision,
      modRevision,
    }),
    none: { type: 'no-leader' },
    recovered: (afterMs: number) => ({ type: 'recovered', afterMs: Math.round(afterMs) }),
  };
  return new LeaderView<object>(lines, printer);
}

function leaseText(leaseId: Leader['leaseId']): string {
  return leaseId === undefined ? 'permanent' : `lease-id=${formatLeaseId(leaseId)}`;
}
