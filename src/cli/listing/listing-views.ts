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
import { type LeftEndpoint, leftText } from './left-endpoints.js';
import type { Listing } from './listing.js';

/** Shows a list that is read again and again. */
export interface ListingView extends OutageView {
  /** @param left what was in the last list, and is not in this one. */
  show(listing: Listing, left: readonly LeftEndpoint[]): void;
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

/** How long a terminal shows that an endpoint left, in milliseconds: long enough to read some that left together. */
const showLeftMs = 30_000;

/** Redraws the list in place. */
class ScreenView implements ListingView {
  readonly #screen: LiveScreen;
  readonly #status: LiveStatus;
  readonly #now: () => number;
  #listing: Listing;
  /** What left within {@link showLeftMs}, the first one first. */
  #left: { readonly text: string; readonly at: number }[] = [];

  constructor({ stdout, env }: Io, first: Listing, now: () => number) {
    this.#listing = first;
    this.#now = now;
    this.#status = new LiveStatus('live', now);
    this.#screen = new LiveScreen(stdout, usesColor(stdout, env), () => this.#lines());
    this.#screen.draw();
  }

  show(listing: Listing, left: readonly LeftEndpoint[]): void {
    this.#listing = listing;
    for (const one of left) this.#left.push({ text: leftText(one), at: this.#now() });
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
    this.#left = this.#left.filter(({ at }) => this.#now() - at < showLeftMs);
    const left = this.#left.map(({ text, at }) => `${text}, ${formatDuration(this.#now() - at)} ago`);
    return [[`${heading}, revision ${revision}, `, this.#status.toText()], ...lines, ...left, ...warnings];
  }
}

/** A list to write. With an outage, it was read before the outage began. */
interface WrittenListing {
  readonly listing: Listing;
  readonly left?: readonly LeftEndpoint[];
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

  show(listing: Listing, left: readonly LeftEndpoint[]): void {
    this.#listing = listing;
    this.#printer.line({ listing, left });
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

  #print({ listing, left = [], outage }: WrittenListing): void {
    const { stdout, env } = this.#io;
    const { heading, revision, lines, warnings, document } = listing;
    if (outage) warn(this.#io, `warning: ${outageText(outage)}`);
    const time = new Date().toISOString();
    const departed = listing.endpoints ? { departed: left } : {};
    const state = outage ? `, ${outageText(outage)}` : '';
    if (this.#format === 'json')
      printJson(stdout, { time, outage: outage ? outageToJson(outage) : null, ...document, ...departed });
    else {
      const head = `${time} ${heading}, revision ${revision}${state}`;
      print(stdout, [head, ...lines, ...left.map(leftText), ...warnings, ''], env);
    }
  }
}
