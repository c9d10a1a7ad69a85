import { Code, EtcdError } from '../../errors/index.js';
import { printable, withJson } from '../../model/index.js';
import type { EndpointRecord, JsonValue } from '../endpoint.js';
import { goJson } from '../go-json.js';
import type { DiskView } from './earlier-view.js';
import type { ServiceView } from './view.js';

/** Keeps what was last known of each target beyond the life of a process. */
export interface SnapshotStore {
  /** What was saved last; undefined when there is nothing, or nothing that is whole. */
  load(target: string): Promise<Uint8Array | undefined>;
  /** Replaces what was saved before, at once or not at all. */
  save(target: string, snapshot: Uint8Array): Promise<void>;
}

/** Larger than any service that is in use. What is larger is not written, and what claims to be so is not read. */
export const maxSnapshotBytes = 64 * 1024 * 1024;

interface StoredSnapshot {
  readonly version: 1;
  readonly target: string;
  readonly revision: string;
  readonly savedAt: number;
  readonly endpoints: readonly StoredRecord[];
}

interface StoredRecord {
  readonly key: string;
  readonly addr: string;
  readonly metadata?: JsonValue;
  readonly createRevision: string;
  readonly modRevision: string;
  readonly lease: string;
}

/**
 * A view as bytes; `savedAt` is wall-clock time in milliseconds.
 * @throws {EtcdError} RESOURCE_EXHAUSTED for a view that no reader would take, being too large.
 */
export function encodeSnapshot(view: ServiceView, savedAt: number): Buffer {
  const { endpoints: _, ...head }: StoredSnapshot = {
    version: 1,
    target: view.target,
    revision: String(view.revision),
    savedAt,
    endpoints: [],
  };
  const opening = `${JSON.stringify(head).slice(0, -1)},"endpoints":[`;
  const parts = [opening];
  let size = opening.length;
  for (const record of view.endpoints) {
    const part = recordJson(record);
    size += part.length;
    // Before it is all in memory. No text has more characters than bytes.
    if (size > maxSnapshotBytes) throw tooLargeError(view.target);
    parts.push(parts.length > 1 ? `,${part}` : part);
  }
  const snapshot = Buffer.from(`${parts.join('')}]}`);
  checkSnapshotSize(view.target, snapshot);
  return snapshot;
}

/** @throws {EtcdError} RESOURCE_EXHAUSTED for one that would not be read. */
export function checkSnapshotSize(target: string, snapshot: Uint8Array): void {
  if (snapshot.length > maxSnapshotBytes) throw tooLargeError(target);
}

/** Of metadata as Go writes it, without recursion, since any client can nest it as deep as readers take. */
function recordJson({ key, addr, metadata, createRevision, modRevision, lease }: EndpointRecord): string {
  const rest = {
    key,
    addr,
    createRevision: String(createRevision),
    modRevision: String(modRevision),
    lease: String(lease),
  };
  const text = JSON.stringify(rest);
  return metadata === undefined ? text : `${text.slice(0, -1)},"metadata":${goJson(metadata)}}`;
}

function tooLargeError(target: string): EtcdError {
  return new EtcdError(
    `the snapshot of '${printable(target)}' is larger than ${maxSnapshotBytes} bytes, and is not saved`,
    { code: Code.RESOURCE_EXHAUSTED },
  );
}

/** The view in a snapshot, and when it was saved; undefined for anything that is not one of this target. */
export function decodeSnapshot(target: string, bytes: Uint8Array): DiskView | undefined {
  if (bytes.length > maxSnapshotBytes) return undefined;
  try {
    const stored = JSON.parse(Buffer.from(bytes).toString('utf8')) as StoredSnapshot;
    if (stored.version !== 1 || stored.target !== target || !Number.isFinite(stored.savedAt))
      return undefined;
    const endpoints = stored.endpoints.map(toRecord);
    const revision = BigInt(stored.revision);
    return {
      source: 'disk',
      view: withJson({
        target,
        endpoints,
        revision,
        invalid: new Set<string>(),
        unconfirmed: new Set<string>(),
      }),
      savedAt: stored.savedAt,
    };
  } catch {
    return undefined; // another version's, or somebody else's: as good as none
  }
}

function toRecord(stored: StoredRecord): EndpointRecord {
  const { key, addr, metadata } = stored;
  if (typeof key !== 'string' || typeof addr !== 'string') throw new TypeError('not an endpoint');
  return withJson({
    key,
    addr,
    ...(metadata === undefined ? {} : { metadata }),
    createRevision: BigInt(stored.createRevision),
    modRevision: BigInt(stored.modRevision),
    lease: BigInt(stored.lease),
  });
}
