import type { EtcdError, Revision } from '../../index.js';
import { measureOutage, type Outage } from './outages.js';
import { QuietTimer } from './quiet-timer.js';

/** The lines that a {@link QuietPrinter} prints on its own. */
export interface QuietLines<Line> {
  /** Nothing has been printed for a time. */
  unchanged(quietMs: number, revision: Revision): Line;
  /** etcd is unreachable: when that begins, and later in the place of `unchanged`, because it is unknown what changed. */
  outage(outage: Outage): Line;
}

/** Prints the lines of a watch and, while it is quiet, lines which report that nothing changed or that etcd is away. */
export class QuietPrinter<Line> {
  /** The revision of the last event. */
  revision: Revision = 0n;
  readonly #print: (line: Line) => void;
  readonly #lines: QuietLines<Line>;
  readonly #now: () => number;
  readonly #quiet: QuietTimer;
  #outage: (() => Outage) | undefined;

  /** @param now milliseconds on a monotonic clock. Default: that of the process. */
  constructor(print: (line: Line) => void, lines: QuietLines<Line>, now = () => performance.now()) {
    this.#print = print;
    this.#lines = lines;
    this.#now = now;
    this.#quiet = new QuietTimer((quietMs) => print(this.#quietLine(quietMs)));
  }

  line(line: Line): void {
    this.#print(line);
    this.#quiet.restart();
  }

  /** Prints that an outage has begun, and how long it has lasted until {@link recover}. */
  outage(forMs: number, error: EtcdError | undefined): void {
    this.#outage = measureOutage(forMs, error, this.#now);
    this.line(this.#lines.outage(this.#outage()));
  }

  /** The outage is over. Prints nothing itself. */
  recover(): void {
    this.#outage = undefined;
    this.#quiet.restart();
  }

  close(): void {
    this.#quiet.stop();
  }

  #quietLine(quietMs: number): Line {
    return this.#outage ? this.#lines.outage(this.#outage()) : this.#lines.unchanged(quietMs, this.revision);
  }
}
