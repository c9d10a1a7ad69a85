import type { Endpoint, EtcdClient, LeaseId, Revision } from '../../index.js';
import type { OutputFormat } from '../args/output-format.js';
import type { LeaseState } from '../data/leases.js';
import { type Io, print, printJson, warn } from '../output/io.js';
import type { Line } from '../output/line.js';

/** A row of a list of endpoints. */
export interface ListedEndpoint extends Endpoint {
  readonly id: string;
  readonly lease: LeaseId;
  /** The lease when the list was read. */
  readonly leaseState: LeaseState;
}

/** What `ls` prints: the state of a key range at one revision. */
export interface Listing {
  readonly revision: Revision;
  /** What is listed and how much of it, for a list that is printed again: `foo/bar: 2 endpoints`. */
  readonly heading: string;
  /** The lines of the table. Empty without a row. */
  readonly lines: readonly Line[];
  /** Messages for stderr. */
  readonly warnings: readonly string[];
  /** The endpoints, by key, for a list that is printed again. Default: those that left are not shown. */
  readonly endpoints?: ReadonlyMap<string, ListedEndpoint>;
  /** The keys whose value is not an endpoint. */
  readonly invalid?: ReadonlySet<string>;
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
