import { escapeControls } from '../../errors/index.js';
import type { Revision } from '../../model/index.js';
import { info, type LogLine } from '../log.js';
import { defineTopic } from '../topic.js';

/** An event of `etcd-naming:mirror`: a mirror has listed its range. */
export interface MirrorDiagnostics {
  /** The kind of the event. */
  readonly type: 'resync';
  /** The first key of the range, as text. */
  readonly key: string;
  /** The end of the range, exclusive, as text; undefined for a single key. */
  readonly rangeEnd: string | undefined;
  /** Why the range was listed; see {@link ResyncReason}. */
  readonly cause: 'initial' | 'compacted' | 'rolled-back' | 'gap';
  /** The number of keys in the list. */
  readonly keys: number;
  /** The size of the listed keys and values, in bytes, whether or not the mirror keeps the values. */
  readonly bytes: number;
  /** The revision of the list. */
  readonly revision: Revision;
  /** How long the list took, in milliseconds, including its retries. */
  readonly durationMs: number;
}

export const mirrorTopic = defineTopic<MirrorDiagnostics>('mirror', describe);

function describe({ key, cause, keys, revision, durationMs }: MirrorDiagnostics): LogLine {
  return info(
    escapeControls(
      `the mirror of '${key}' listed ${keys} keys at revision ${revision} in ${Math.round(durationMs)} ms (${cause})`,
    ),
  );
}
