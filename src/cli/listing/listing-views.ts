import type { EtcdError } from '../../index.js';
import type { OutputFormat } from '../args/output-format.js';
import { usesColor } from '../output/color.js';
import { type Io, print, printJson, warn } from '../output/io.js';
import type { Text } from '../output/line.js';
import { Screen } from '../output/screen.js';
import { formatDuration } from '../output/text.js';
import { outageText } from '../views/outages.js';
import { QuietTimer } from '../views/quiet-timer.js';
import type { OutageView } from '../views/view.js';
import type { Listing } from './listing.js';

/** Shows a list that is read again and again. */
export interface ListingView extends OutageView {
  show(listing: Listing): void;
  close(): void;
}

export function createListingView(io: Io, format: OutputFormat, isLive: boolean): ListingView {
  return isLive ? new ScreenView(io) : new StreamView(io, format);
}

/** Redraws the list in place. */
class ScreenView implements ListingView {
  readonly #screen: Screen;
  #listing: Listing | undefined;

  constructor({ stdout, env }: Io) {
    this.#screen = new Screen(stdout, usesColor(stdout, env));
  }

  show(listing: Listing): void {
    this.#listing = listing;
    this.#draw('live');
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#draw({ text: outageText(forMs, error), style: 'red' });
  }

  onRecovery(afterMs: number): void {
    this.#draw(`live again after ${formatDuration(afterMs)}`);
  }

  close(): void {
    this.#screen.close();
  }

  #draw(status: Text): void {
    if (!this.#listing) return;
    const { heading, revision, lines, warnings } = this.#listing;
    this.#screen.draw([[`${heading}, revision ${revision}, `, status], ...lines, ...warnings]);
  }
}

/** Writes each list after the previous one. While nothing changes, it writes the last one again: see {@link QuietTimer}. */
class StreamView implements ListingView {
  readonly #io: Io;
  readonly #format: OutputFormat;
  #write = () => {};
  readonly #quiet = new QuietTimer(() => this.#write());

  constructor(io: Io, format: OutputFormat) {
    this.#io = io;
    this.#format = format;
  }

  show(listing: Listing): void {
    this.#write = () => this.#print(listing);
    this.#write();
    this.#quiet.restart();
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#quiet.stop();
    warn(this.#io, `warning: ${outageText(forMs, error)}`);
  }

  onRecovery(afterMs: number): void {
    warn(this.#io, `etcd is reachable again after ${formatDuration(afterMs)}`);
    this.#quiet.restart();
  }

  close(): void {
    this.#quiet.stop();
  }

  #print({ heading, revision, lines, warnings, document }: Listing): void {
    const { stdout, env } = this.#io;
    const time = new Date().toISOString();
    if (this.#format === 'json') printJson(stdout, { time, ...document });
    else print(stdout, [`${time} ${heading}, revision ${revision}`, ...lines, ...warnings, ''], env);
  }
}
