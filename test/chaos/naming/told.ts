/** What a process of the naming run tells its parent. */
export type Told =
  | { readonly type: 'registered' }
  | { readonly type: 'closed' }
  | {
      readonly type: 'view';
      readonly revision: string;
      /** Keys and mod revisions, with those that are held back. */
      readonly records: readonly (readonly [key: string, modRevision: string])[];
      readonly held: readonly string[];
    };

/** A view as a viewer showed it. */
export interface SeenView {
  readonly viewer: string;
  readonly revision: bigint;
  readonly records: ReadonlyMap<string, bigint>;
  readonly held: ReadonlySet<string>;
}

/** A record whose owner has closed: nothing of its is written from that revision up to the other. */
export interface Closed {
  readonly key: string;
  readonly from: bigint;
  readonly to: bigint;
}
