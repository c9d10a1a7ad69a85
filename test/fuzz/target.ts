export interface FuzzOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Called once, at the beginning, with what says how far the run is. */
  readonly onStart?: (progress: () => string) => void;
}

export interface FuzzResult {
  /** What was tried, by name. */
  readonly counts: Readonly<Record<string, number>>;
  /** What it cost, for people. */
  readonly figures: readonly string[];
  /** What must not be; empty is good. */
  readonly failures: readonly string[];
}

/** Something that takes what outsiders give it. */
export interface FuzzTarget {
  readonly name: string;
  readonly about: string;
  run(options: FuzzOptions): Promise<FuzzResult>;
}
