import {
  type ClientDiagnostics,
  type MirrorDiagnostics,
  mirrorTopic,
  rangeText,
} from '../diagnostics/index.js';
import { type KeyRange, type KeyValue, namespaceRange, type Revision, toWireRange } from '../model/index.js';
import type { ResyncReason } from './types.js';

/** Measures a list of a mirror for the diagnostics. Made only while something receives them. */
export class ListReport {
  readonly #startedAt: number;
  #bytes = 0;

  constructor(now: number) {
    this.#startedAt = now;
  }

  /** Begins an attempt. Returns a function that measures each key-value before `retain` maps it. */
  measure(retain: ((kv: KeyValue) => KeyValue) | undefined): (kv: KeyValue) => KeyValue {
    this.#bytes = 0;
    return (kv) => {
      this.#bytes += kv.key.length + kv.value.length;
      return retain ? retain(kv) : kv;
    };
  }

  /** Publishes the list, with its range as the server sees it. */
  publish(
    diagnostics: ClientDiagnostics,
    range: KeyRange,
    prefix: Buffer | undefined,
    list: {
      readonly cause: ResyncReason;
      readonly keys: number;
      readonly revision: Revision;
      readonly now: number;
    },
  ): void {
    const { now, ...listed } = list;
    const own = toWireRange(range);
    const event: MirrorDiagnostics = {
      type: 'resync',
      ...rangeText(prefix ? namespaceRange(prefix, own) : own),
      ...listed,
      bytes: this.#bytes,
      durationMs: now - this.#startedAt,
    };
    diagnostics.publish(mirrorTopic, event);
  }
}
