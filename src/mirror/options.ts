import type { EtcdError } from '../errors/index.js';
import { boolean, callback, type KeyValue, optionsChecker, signal, wholeNumber } from '../model/index.js';

export interface MirrorOptions {
  /** Ends the mirror; the iteration rejects with the signal's own reason. */
  readonly signal?: AbortSignal | undefined;
  /** How many keys the first answer to a list may have; what follows is sized by bytes. Default 16, as of `kv.stream`. */
  readonly pageSize?: number;
  /**
   * What is kept and yielded of each key-value, so that large values that the reader does not use take no memory. Its
   * result must be the same for key-values that are the same, and what it made of its own result. Default: all of it.
   */
  readonly retain?: ((kv: KeyValue) => KeyValue) | undefined;
  /**
   * Yield a delta for each revision, even where several came together, as after a reconnect. Default false: a delta for
   * all of them, which costs a reader of whole views less.
   */
  readonly eachRevision?: boolean;
  /**
   * Receives the error of each failed list, which is then tried again; what is known stays as it is. What it throws or
   * rejects with is a process warning (`ETCD_NAMING_CALLBACK`) and changes nothing.
   */
  readonly onFailure?: ((error: EtcdError) => void) | undefined;
}

export const checkMirror = optionsChecker<MirrorOptions>({
  signal,
  pageSize: wholeNumber({ min: 1 }),
  retain: callback,
  eachRevision: boolean,
  onFailure: callback,
});
