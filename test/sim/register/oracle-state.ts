/** The current record, as the registration knows it. */
export interface RegisteredRecord {
  readonly lease: bigint | undefined;
  readonly revision: bigint | undefined;
}

export interface Call {
  /** The number in the update's metadata; undefined for a drain. */
  readonly seq: number | undefined;
  readonly until: number;
  outcome: 'open' | 'stored' | 'failed' | 'left';
}
