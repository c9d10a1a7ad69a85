import { once } from 'node:events';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { EtcdFigures } from './etcd-figures.js';
import type { WorkerSample } from './messages.js';
import type { FaultMark } from './nemesis.js';
import type { Point } from './stats/theil-sen.js';

/** A line of the file: everything that was read at one time. */
export interface Sample extends WorkerSample {
  readonly atHours: number;
  /** Undefined if a member did not answer. */
  readonly etcd: EtcdFigures | undefined;
}

/** What is drawn and fitted, in the units that are printed. */
export const seriesNames = [
  'heap',
  'external',
  'rss',
  'handles',
  'descriptors',
  'loopDelay',
  'watchers',
] as const;
export type SeriesName = (typeof seriesNames)[number];
export type SeriesSet = Readonly<Record<SeriesName, readonly Point[]>>;

const megabyte = 1e6;
const maxFileBytes = 8 * megabyte;

export function valuesOf({ process, gauges }: WorkerSample): Record<SeriesName, number> {
  return {
    heap: process.heapBytes / megabyte,
    external: process.externalBytes / megabyte,
    rss: process.rssBytes / megabyte,
    handles: Object.values(process.handles).reduce((sum, count) => sum + count, 0),
    descriptors: process.descriptors,
    loopDelay: process.loopDelayP99Ms,
    watchers: gauges.watchers,
  };
}

/**
 * Writes samples as JSON lines to `samples-1.ndjson`, `samples-2.ndjson` and so on, and keeps in memory only what is
 * drawn and fitted: about 4 MB a day.
 */
export class SampleLog {
  readonly folder: string;
  readonly series = Object.fromEntries(seriesNames.map((name) => [name, [] as Point[]])) as Record<
    SeriesName,
    Point[]
  >;
  count = 0;
  #file: WriteStream | undefined;
  #files = 0;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true });
  }

  add(sample: Sample): void {
    this.count++;
    const values = valuesOf(sample);
    for (const name of seriesNames) this.series[name].push({ hours: sample.atHours, value: values[name] });
    this.#openFile().write(`${JSON.stringify(sample)}\n`);
  }

  /** A line of another kind: `{"fault":"kill-leader","atHours":0.5}`. */
  addFault({ name, atHours }: FaultMark): void {
    this.#openFile().write(`${JSON.stringify({ fault: name, atHours })}\n`);
  }

  async close(): Promise<void> {
    if (!this.#file) return;
    this.#file.end();
    await once(this.#file, 'close');
  }

  #openFile(): WriteStream {
    if (this.#file && this.#file.bytesWritten < maxFileBytes) return this.#file;
    this.#file?.end();
    this.#file = createWriteStream(join(this.folder, `samples-${++this.#files}.ndjson`));
    return this.#file;
  }
}
