import { Code, EtcdError } from '../../../errors/index.js';
import { printable, withJson } from '../../../model/index.js';
import type { EndpointRecord, JsonValue } from '../../endpoint.js';
import { goJson } from '../../json/go-json.js';
import type { DiskView } from '../views/earlier-view.js';
import type { ServiceView } from '../views/view.js';

/**
 * Stores the last view of each target beyond the life of a process. `target` is the service's name; with a codec, the
 * codec's name and the key prefix follow, as JSON, so that views of several formats can be in one store.
 */
export interface SnapshotStore {
  /** Returns the bytes of the last save; undefined when there are none or when they are damaged. */
  load(target: string): Promise<Uint8Array | undefined>;
  /** Replaces the bytes of the previous save, atomically. */
  save(target: string, snapshot: Uint8Array): Promise<void>;
}

/** Far more than a service in use needs. Larger snapshots are neither written nor read. */
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
  readonly codec?: string;
}

/** The name of a service's snapshot in a store. */
export function snapshotName(target: string, formats: string | undefined): string {
  return formats === undefined ? target : `${target} ${formats}`;
}

/**
 * Encodes a view. `savedAt` is wall-clock time in milliseconds.
 * @throws {EtcdError} RESOURCE_EXHAUSTED for a snapshot above {@link maxSnapshotBytes}.
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
    // Checked per record, before the whole snapshot is in memory. A string has no more characters than UTF-8 bytes.
    if (size > maxSnapshotBytes) throw tooLargeError(view.target);
    parts.push(parts.length > 1 ? `,${part}` : part);
  }
  const snapshot = Buffer.from(`${parts.join('')}]}`);
  checkSnapshotSize(view.target, snapshot);
  return snapshot;
}

/** @throws {EtcdError} RESOURCE_EXHAUSTED for a snapshot above {@link maxSnapshotBytes}. */
export function checkSnapshotSize(target: string, snapshot: Uint8Array): void {
  if (snapshot.length > maxSnapshotBytes) throw tooLargeError(target);
}

/** Writes metadata as Go does, without recursion: any writer can nest it as deep as readers accept. */
function recordJson(record: EndpointRecord): string {
  const { key, addr, metadata, createRevision, modRevision, lease, codec } = record;
  const rest = {
    key,
    addr,
    createRevision: String(createRevision),
    modRevision: String(modRevision),
    lease: String(lease),
    ...(codec === undefined ? {} : { codec }),
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

/** Decodes a snapshot; undefined for bytes that are not a snapshot of this target. */
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
    return undefined; // another version's format, or not a snapshot
  }
}

function toRecord(stored: StoredRecord): EndpointRecord {
  const { key, addr, metadata, codec } = stored;
  if (typeof key !== 'string' || typeof addr !== 'string') throw new TypeError('not an endpoint');
  return withJson({
    key,
    addr,
    ...(metadata === undefined ? {} : { metadata }),
    createRevision: BigInt(stored.createRevision),
    modRevision: BigInt(stored.modRevision),
    lease: BigInt(stored.lease),
    ...(typeof codec === 'string' ? { codec } : {}),
  });
}
