import type { EtcdHandle } from '#src/testing/index.js';
import type { Resources } from '../chaos/resources.js';
import type { Figure } from '../support/proof.js';

/** What a row may use. */
export interface RowContext {
  /** Closed when the row ends, also by a signal. */
  readonly resources: Resources;
  /** Starts an etcd of the requested release, with Go's profiler; it ends with the row. */
  startEtcd(): Promise<EtcdHandle>;
  /** Divides all numbers of services, endpoints, processes and instances; at least 1. */
  readonly divisor: number;
  /** Prints a line of progress. */
  progress(line: string): void;
}

/** A line of the table. */
export interface ScaleFigure {
  /** In lower camel case, unique in all rows: `restartRightMs`. */
  readonly name: string;
  /** What it is, as the table says it. */
  readonly title: string;
  /** With its unit. */
  readonly value: Figure;
}

/** A number that a row has at full size, divided. */
export const divided = (full: number, divisor: number): number => Math.max(1, Math.ceil(full / divisor));

/** The outcome of a row. */
export interface RowResult {
  readonly figures: readonly ScaleFigure[];
  /** What was not as it must be, and what shows that the row did not do its work. Empty if all is right. */
  readonly violations: readonly string[];
}

/** A situation of the campaign. */
export interface ScaleRow {
  readonly name: string;
  /** What it does with these sizes, in the help and before its figures in the table. */
  title(divisor: number): string;
  run(context: RowContext): Promise<RowResult>;
}
