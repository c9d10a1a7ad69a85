export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Called once at the start with a function that describes the progress. */
  readonly onStart?: (progress: () => string) => void;
}

export interface FuzzResult {
  /** Number of inputs, by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** Resource use, as text. */
  readonly figures: readonly string[];
  /** Empty if the run passed. */
  readonly failures: readonly string[];
}

/** Code under test that handles untrusted input. */
export interface FuzzTarget {
  readonly name: string;
  readonly about: string;
  run(options: FuzzOptions): Promise<FuzzResult>;
}
