import type { EtcdError } from '../../index.js';
import type { OutputFormat } from '../args/output-format.js';
import { usesColor } from '../output/color.js';
import { type Io, print, printJson, warn } from '../output/io.js';
import type { Line } from '../output/line.js';
import { formatDuration } from '../output/text.js';
import { LiveScreen } from '../views/live-screen.js';
import { LiveStatus } from '../views/live-status.js';
import { type Outage, outageText, outageToJson } from '../views/outages.js';
import { QuietPrinter } from '../views/quiet-printer.js';
import type { OutageView } from '../views/view.js';
import type { Listing } from './listing.js';

/** Shows a list that is read again and again. */
export interface ListingView extends OutageView {
  show(listing: Listing): void;
  close(): void;
}

/**
 * Shows the first list.
 * @param now milliseconds on a monotonic clock. Default: that of the process.
 */
export function createListingView(
  io: Io,
  format: OutputFormat,
  isLive: boolean,
  first: Listing,
  now = () => performance.now(),
): ListingView {
  return isLive ? new ScreenView(io, first, now) : new StreamView(io, format, first, now);
}

/** Redraws the list in place. */
class ScreenView implements ListingView {
  readonly #screen: LiveScreen;
  readonly #status: LiveStatus;
  #listing: Listing;

  constructor({ stdout, env }: Io, first: Listing, now: () => number) {
    this.#listing = first;
    this.#status = new LiveStatus('live', now);
    this.#screen = new LiveScreen(stdout, usesColor(stdout, env), () => this.#lines());
    this.#screen.draw();
  }

  show(listing: Listing): void {
    this.#listing = listing;
    this.#status.text = 'live';
    this.#screen.draw();
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#status.onOutage(forMs, error);
    this.#screen.draw();
  }

  onRecovery(afterMs: number): void {
    this.#status.onRecovery(afterMs);
    this.#screen.draw();
  }

  close(): void {
    this.#screen.close();
  }

  #lines(): Line[] {
    const { heading, revision, lines, warnings } = this.#listing;
    return [[`${heading}, revision ${revision}, `, this.#status.toText()], ...lines, ...warnings];
  }
}

/** A list to write. With an outage, it was read before the outage began. */
interface WrittenListing {
  readonly listing: Listing;
  readonly outage?: Outage;
}

/**
 * Writes each list after the previous one. While nothing changes or etcd is away, it writes the last one again: see
 * {@link QuietPrinter}.
 */
class StreamView implements ListingView {
  readonly #io: Io;
  readonly #format: OutputFormat;
  readonly #printer: QuietPrinter<WrittenListing>;
  #listing: Listing;

  constructor(io: Io, format: OutputFormat, first: Listing, now: () => number) {
    this.#io = io;
    this.#format = format;
    this.#listing = first;
    this.#printer = new QuietPrinter<WrittenListing>(
      (written) => this.#print(written),
      {
        unchanged: () => ({ listing: this.#listing }),
        outage: (outage) => ({ listing: this.#listing, outage }),
      },
      now,
    );
    this.#printer.line({ listing: first });
  }

  show(listing: Listing): void {
    this.#listing = listing;
    this.#printer.line({ listing });
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#printer.outage(forMs, error);
  }

  onRecovery(afterMs: number): void {
    warn(this.#io, `etcd is reachable again after ${formatDuration(afterMs)}`);
    this.#printer.recover();
  }

  close(): void {
    this.#printer.close();
  }

  #print({ listing, outage }: WrittenListing): void {
    const { stdout, env } = this.#io;
    const { heading, revision, lines, warnings, document } = listing;
    if (outage) warn(this.#io, `warning: ${outageText(outage)}`);
    const time = new Date().toISOString();
    const state = outage ? `, ${outageText(outage)}` : '';
    if (this.#format === 'json')
      printJson(stdout, { time, outage: outage ? outageToJson(outage) : null, ...document });
    else print(stdout, [`${time} ${heading}, revision ${revision}${state}`, ...lines, ...warnings, ''], env);
  }
}
