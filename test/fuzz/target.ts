import type { ProofRun } from '../support/proof.js';

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
  /** Of a target that can be recorded. */
  readonly proof?: Pick<ProofRun, 'figures' | 'tables'>;
}

/** Code under test that handles untrusted input. */
export interface FuzzTarget {
  readonly name: string;
  readonly about: string;
  /** The file in docs/proof that `--record` writes; without it, the target cannot be recorded. */
  readonly proof?: string;
  run(options: FuzzOptions): Promise<FuzzResult>;
}
