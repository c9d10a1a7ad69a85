import type { Expected } from '../support/case.js';

/** What the Go code of a row returns. */
export type GoKind =
  /** A value and an error. */
  | 'pair'
  /** An error. */
  | 'error'
  /** A value. */
  | 'value'
  /** An error value, of which the text counts. */
  | 'text'
  /** A value that is not JSON, of which the type counts, and an error. */
  | 'made'
  /** A value that is not JSON, of which the type counts. */
  | 'type'
  /** Nothing. */
  | 'call'
  /** A channel, of which the first value counts. */
  | 'channel'
  | 'channel or error'
  /** A client that reads `k`. */
  | 'client';

/** What the two programs of a row of from-go.md do. `ours` is missing if this package offers nothing. */
export interface GoCase {
  /** Default: `pair`. */
  readonly kind?: GoKind;
  /** The keys in the store before each program. Default: `k` is `v`, `p/a` is `1`, and so on to `p/c`. */
  readonly given?: Readonly<Record<string, string>>;
  /** The same for the program of this package, if it differs. */
  readonly givenOurs?: Readonly<Record<string, string>>;
  /** A key that is deleted after `revision`. */
  readonly deletes?: string;
  /** The lease of the program of this package is revoked while it runs. */
  readonly revokes?: true;
  /** Values of Go are JSON, as its encoder writes them. */
  readonly go: Expected;
  readonly ours?: Expected;
  /** The keys in the store after each program. */
  readonly stored?: Readonly<Record<string, string>>;
}
