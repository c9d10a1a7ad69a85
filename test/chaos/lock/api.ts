import type { AsyncStream, ElectionClient } from '#src/index.js';
import type { Owned } from './owner.js';

export interface Term extends Owned {
  resign(): Promise<void>;
  proclaim(value: string): Promise<unknown>;
}

export interface Campaigning extends ElectionClient {
  campaign(name: string, value: string, options?: object): AsyncStream<Term>;
}
