import type { EtcdClient, Revision } from '../../index.js';
import type { OutputFormat } from '../args/output-format.js';
import { type Io, print, printJson, warn } from '../output/io.js';
import type { Line } from '../output/line.js';

/** What `ls` prints: the state of a key range at one revision. */
export interface Listing {
  readonly revision: Revision;
  /** What is listed and how much of it, for a list that is printed again: `foo/bar: 2 endpoints`. */
  readonly heading: string;
  /** The lines of the table. Empty without a row. */
  readonly lines: readonly Line[];
  /** Messages for stderr. */
  readonly warnings: readonly string[];
  /** The same as JSON. */
  readonly document: object;
}

/** Reads a listing. */
export type ReadListing = (client: EtcdClient) => Promise<Listing>;

/** Prints a listing once. */
export function printListing(io: Io, format: OutputFormat, listing: Listing): void {
  if (format === 'json') {
    printJson(io.stdout, listing.document);
    return;
  }
  print(io.stdout, listing.lines, io.env);
  for (const warning of listing.warnings) warn(io, warning);
}
