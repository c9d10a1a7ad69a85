import type { EtcdError } from '../../index.js';
import type { Text } from '../output/line.js';
import { formatDuration } from '../output/text.js';
import { measureOutage, type Outage, outageText } from './outages.js';
import type { OutageView } from './view.js';

/** The status in the heading of a live screen: what the view says, or how long etcd has been unreachable. */
export class LiveStatus implements OutageView {
  /** The status while etcd is reachable. */
  text: string;
  readonly #now: () => number;
  #outage: (() => Outage) | undefined;

  /** @param now milliseconds on a monotonic clock. Default: that of the process. */
  constructor(text: string, now = () => performance.now()) {
    this.text = text;
    this.#now = now;
  }

  onOutage(forMs: number, error: EtcdError | undefined): void {
    this.#outage = measureOutage(forMs, error, this.#now);
  }

  onRecovery(afterMs: number): void {
    this.#outage = undefined;
    this.text = `live again after ${formatDuration(afterMs)}`;
  }

  toText(): Text {
    return this.#outage ? { text: outageText(this.#outage()), style: 'red' } : this.text;
  }
}
