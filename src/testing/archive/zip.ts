import { promisify } from 'node:util';
import { crc32, inflateRaw } from 'node:zlib';
import { maxUnpackedBytes, type Unpacked, WantedFiles } from './unpacked.js';

const endBytes = 22;
const lineBytes = 46;
const localBytes = 30;
/** Marks a number that is stored in an extension of the format. */
const beyond32Bits = 0xffffffff;
const linkMode = 0o120000;

/** An entry of the archive's directory. */
interface Entry {
  readonly name: string;
  readonly isEncrypted: boolean;
  readonly isLink: boolean;
  readonly method: number;
  readonly crc: number;
  readonly packedBytes: number;
  readonly unpackedBytes: number;
  /** The position of the entry's local header, which precedes the data and may omit the sizes. */
  readonly at: number;
}

/**
 * Reads files from a `.zip`, the format of etcd's releases for macOS. Reads regular files only.
 * @throws Error for a truncated or damaged archive.
 */
export async function readZip(archive: Buffer, wanted: readonly string[]): Promise<Unpacked> {
  const found = new WantedFiles(wanted);
  for (const entry of directoryOf(archive)) {
    if (found.wants(entry.name) && !entry.isLink && !entry.name.endsWith('/'))
      found.add(entry.name, await unpack(archive, entry));
  }
  return found.files;
}

function directoryOf(archive: Buffer): Entry[] {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('not a zip archive');
  const trailer = part(archive, end, endBytes);
  const start = trailer.readUInt32LE(16);
  if (start + trailer.readUInt32LE(12) !== end) throw damaged('its directory is at the wrong offset');
  const entries: Entry[] = [];
  let at = start;
  for (let left = trailer.readUInt16LE(10); left > 0; left--) {
    const line = part(archive, at, lineBytes, 'PK\x01\x02');
    const nameBytes = line.readUInt16LE(28);
    entries.push(readEntry(line, part(archive, at + lineBytes, nameBytes).toString()));
    at += lineBytes + nameBytes + line.readUInt16LE(30) + line.readUInt16LE(32);
  }
  if (at !== end) throw damaged('its directory has the wrong length');
  return entries;
}

function readEntry(line: Buffer, name: string): Entry {
  const [packedBytes, unpackedBytes, at] = [20, 24, 42].map((offset) => line.readUInt32LE(offset));
  return {
    name,
    isEncrypted: (line.readUInt16LE(8) & 1) === 1,
    isLink: (line.readUInt16LE(40) & 0o170000) === linkMode,
    method: line.readUInt16LE(10),
    crc: line.readUInt32LE(16),
    packedBytes: packedBytes ?? 0,
    unpackedBytes: unpackedBytes ?? 0,
    at: at ?? 0,
  };
}

async function unpack(archive: Buffer, entry: Entry): Promise<Buffer> {
  if (entry.isEncrypted) throw new Error(`${entry.name} in the zip archive is encrypted`);
  if ([entry.packedBytes, entry.unpackedBytes, entry.at].includes(beyond32Bits))
    throw new Error(`${entry.name} in the zip archive is larger than 4 GiB`);
  const local = part(archive, entry.at, localBytes, 'PK\x03\x04');
  const start = entry.at + localBytes + local.readUInt16LE(26) + local.readUInt16LE(28);
  const data = await inflate(entry, part(archive, start, entry.packedBytes));
  if (data.length !== entry.unpackedBytes || crc32(data) !== entry.crc) throw damaged(entry.name);
  return data;
}

async function inflate({ method, name, unpackedBytes }: Entry, packed: Buffer): Promise<Buffer> {
  if (method === 0) return packed;
  if (method !== 8) throw new Error(`unknown compression ${method} in the zip archive`);
  const options = { maxOutputLength: Math.min(unpackedBytes + 1, maxUnpackedBytes) };
  return promisify<Buffer, typeof options, Buffer>(inflateRaw)(packed, options).catch((error: unknown) => {
    throw damaged(name, error);
  });
}

/** Returns `length` bytes. @throws Error if the archive ends before, or if they do not start with the signature. */
function part(archive: Buffer, at: number, length: number, signature = ''): Buffer {
  const bytes = archive.subarray(at, at + length);
  if (bytes.length < length) throw damaged(`it is truncated at ${archive.length} bytes`);
  if (!bytes.toString('latin1', 0, signature.length).startsWith(signature))
    throw damaged(`no entry starts at byte ${at}`);
  return bytes;
}

function damaged(what: string, cause?: unknown): Error {
  return new Error(`the zip archive is damaged: ${what}`, { cause });
}
