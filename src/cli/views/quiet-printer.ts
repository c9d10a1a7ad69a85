import type { Revision } from '../../index.js';
import { QuietTimer } from './quiet-timer.js';

/** Prints the lines of a watch and, while it is quiet, lines which report that nothing changed. */
export class QuietPrinter<Line> {
  /** The revision of the last event. */
  revision: Revision = 0n;
  readonly #print: (line: Line) => void;
  readonly #quiet: QuietTimer;

  /** @param unchanged The line to print when nothing has been printed for a time. */
  constructor(print: (line: Line) => void, unchanged: (quietMs: number, revision: Revision) => Line) {
    this.#print = print;
    this.#quiet = new QuietTimer((quietMs) => print(unchanged(quietMs, this.revision)));
  }

  line(line: Line): void {
    this.#print(line);
    this.#quiet.restart();
  }

  /** Stops the lines about no change until the next other line: during an outage it is unknown what changed. */
  pause(): void {
    this.#quiet.stop();
  }
}
