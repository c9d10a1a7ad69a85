import { withJson } from '../../model/index.js';
import type { EndpointRecord, JsonValue } from '../endpoint.js';
import type { DiskView } from './earlier-view.js';
import type { ServiceView } from './view.js';

/** Keeps what was last known of each target beyond the life of a process. */
export interface SnapshotStore {
  /** What was saved last; undefined when there is nothing, or nothing that is whole. */
  load(target: string): Promise<Uint8Array | undefined>;
  /** Replaces what was saved before, at once or not at all. */
  save(target: string, snapshot: Uint8Array): Promise<void>;
}

/** Larger than any service: a file that claims more was not written here. */
const maxBytes = 64 * 1024 * 1024;

interface Stored {
  readonly version: 1;
  readonly target: string;
  readonly revision: string;
  readonly savedAt: number;
  readonly endpoints: readonly {
    readonly key: string;
    readonly addr: string;
    readonly metadata?: JsonValue;
    readonly createRevision: string;
    readonly modRevision: string;
    readonly lease: string;
  }[];
}

/** A view as bytes; `savedAt` is wall-clock time in milliseconds. */
export function writeSnapshot(view: ServiceView, savedAt: number): Buffer {
  const stored: Stored = {
    version: 1,
    target: view.target,
    revision: String(view.revision),
    savedAt,
    endpoints: view.endpoints.map(({ key, addr, metadata, createRevision, modRevision, lease }) => ({
      key,
      addr,
      ...(metadata === undefined ? {} : { metadata }),
      createRevision: String(createRevision),
      modRevision: String(modRevision),
      lease: String(lease),
    })),
  };
  return Buffer.from(JSON.stringify(stored));
}

/** The view in a snapshot, and when it was saved; undefined for anything that is not one of this target. */
export function readSnapshot(target: string, bytes: Uint8Array): DiskView | undefined {
  if (bytes.length > maxBytes) return undefined;
  try {
    const stored = JSON.parse(Buffer.from(bytes).toString('utf8')) as Stored;
    if (stored.version !== 1 || stored.target !== target || !Number.isFinite(stored.savedAt))
      return undefined;
    const endpoints = stored.endpoints.map(toRecord);
    const revision = BigInt(stored.revision);
    return {
      source: 'disk',
      view: withJson({ target, endpoints, revision, invalid: new Set<string>(), held: new Set<string>() }),
      savedAt: stored.savedAt,
    };
  } catch {
    return undefined; // another version's, or somebody else's: as good as none
  }
}

function toRecord(stored: Stored['endpoints'][number]): EndpointRecord {
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
