import type { EtcdError } from '../errors/index.js';
import {
  boolean,
  callback,
  InternalOption,
  type KeyValue,
  optionsChecker,
  signal,
  wholeNumber,
} from '../model/index.js';

/** Options of `mirror()`. */
export interface MirrorOptions {
  /** Ends the mirror; the iteration rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The number of keys in the first page of a list; later pages are sized by bytes. Default 16, as in `kv.stream`. */
  readonly pageSize?: number;
  /**
   * Whether to yield one delta per revision, also when several revisions arrive together, as after a reconnect. Default
   * false: one delta for all of them, which is cheaper for a reader that uses the whole view.
   */
  readonly eachRevision?: boolean;
  /**
   * Called with the error of each failed read that is retried; the view stays as it is. An error that the callback
   * throws or rejects with becomes a process warning (`ETCD_NAMING_CALLBACK`). Default: these errors are not reported.
   */
  readonly onFailure?: ((error: EtcdError) => void) | undefined;
}

/**
 * Maps each key-value to the one that the mirror keeps and yields, so that values that its reader does not use take no
 * memory. The function must be deterministic, return its own results unchanged, and not throw. Default: the whole
 * key-value.
 */
export const retainOption = new InternalOption<(kv: KeyValue) => KeyValue>('retain');

/** Called each time the mirror becomes fresh, or stops being it. Must not throw. */
export const freshnessOption = new InternalOption<() => void>('onFreshChange');

/**
 * Called before a delta with the last key-values of the keys that it deletes and that were put after the update before it,
 * if there are any: a delta of several revisions does not have them. Must not throw.
 */
export const lastValuesOption = new InternalOption<(lastValues: ReadonlyMap<string, KeyValue>) => void>(
  'onLastValues',
);

export const checkMirror = optionsChecker<MirrorOptions>({
  signal,
  pageSize: wholeNumber({ min: 1 }),
  eachRevision: boolean,
  onFailure: callback,
});
