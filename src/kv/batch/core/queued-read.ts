/** A read that may travel in a batch. */
export interface QueuedRead {
  readonly key: Buffer;
  /** The key's bytes as Latin-1 characters: equal names are equal keys. */
  readonly name: string;
  readonly keysOnly: boolean;
  readonly serializable: boolean;
  /** On the clock of the batches. */
  readonly deadline: number;
  /** Whether the caller has its result, for example because it aborted. */
  readonly isSettled: boolean;
  /** The index of the operation that reads the key; set when the read is added to a batch. */
  operation: number;
}
