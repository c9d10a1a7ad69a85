import { closeSync, existsSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';

/** The types of the records that etcd writes when it creates its write-ahead log, before the first message of raft. */
const HEADER_RECORDS: ReadonlySet<number> = new Set([1 /* metadata */, 4 /* checksum */, 5 /* snapshot */]);
const FIRST_SEGMENT = '0000000000000000-0000000000000000.wal';
/** Longer than the records of the header; the metadata has two ids. */
const HEADER_BYTES = 4_096;

/**
 * Whether an etcd that was killed in its first start can never start on this data: its write-ahead log exists and has no
 * entry, so etcd takes itself for a member that has joined before, and the cluster that it knows has no members. Nothing
 * was acknowledged on such data. Seen in etcd 3.4.23; the records are those of
 * https://github.com/etcd-io/etcd/blob/v3.7.1/server/storage/wal/encoder.go
 */
export function isBootstrapIncomplete(dataDir: string): boolean {
  const folder = join(dataDir, 'member', 'wal');
  const segments = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.wal')) : [];
  if (segments.length !== 1 || segments[0] !== FIRST_SEGMENT) return false;
  const file = openSync(join(folder, FIRST_SEGMENT), 'r');
  try {
    const bytes = Buffer.alloc(HEADER_BYTES);
    return hasOnlyHeader(bytes.subarray(0, readSync(file, bytes)));
  } finally {
    closeSync(file);
  }
}

/** A frame is a length of 8 bytes, of which the highest has the padding, and a record; zeros follow the last one. */
function hasOnlyHeader(bytes: Buffer): boolean {
  let at = 0;
  while (at + 10 <= bytes.length) {
    const length = bytes.readUIntLE(at, 6);
    if (length === 0) return true;
    const topByte = bytes.readUInt8(at + 7);
    const padding = topByte >= 0x80 ? topByte & 0x07 : 0;
    // The first field of a record is its type.
    const type = bytes.readUInt8(at + 8) === 0x08 ? bytes.readUInt8(at + 9) : 0;
    if (!HEADER_RECORDS.has(type)) return false;
    at += 8 + length + padding;
  }
  return false;
}
