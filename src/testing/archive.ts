import { promisify } from 'node:util';
import { gunzip, inflateRaw } from 'node:zlib';

/** Far above any etcd, far below what would fill a machine: a small archive may claim to hold very much. */
const MAX_UNPACKED_BYTES = 1024 * 1024 * 1024;

/** The files that are wanted of an archive, by their name without folders. */
export type Unpacked = ReadonlyMap<string, Buffer>;

/** Reads files out of a `.tar.gz`. Only plain files are looked at: no link or path of the archive is ever followed. */
export async function readTarGz(archive: Buffer, wanted: readonly string[]): Promise<Unpacked> {
  const tar = await promisify<Buffer, { maxOutputLength: number }, Buffer>(gunzip)(archive, {
    maxOutputLength: MAX_UNPACKED_BYTES,
  });
  const found = new Map<string, Buffer>();
  for (let at = 0; at + 512 <= tar.length; ) {
    const header = tar.subarray(at, at + 512);
    const size = Number.parseInt(text(header, 124, 136), 8) || 0;
    const name = baseName(text(header, 0, 100));
    const isFile = ['0', '\0', ''].includes(String.fromCharCode(header[156] ?? 0));
    if (isFile && wanted.includes(name)) found.set(name, tar.subarray(at + 512, at + 512 + size));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  return found;
}

/** Reads files out of a `.zip`, which is how etcd's releases for macOS are packed. */
export async function readZip(archive: Buffer, wanted: readonly string[]): Promise<Unpacked> {
  const found = new Map<string, Buffer>();
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06', 'latin1'));
  if (end < 0) throw new Error('not a zip archive');
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    const nameLength = archive.readUInt16LE(at + 28);
    const name = baseName(archive.toString('utf8', at + 46, at + 46 + nameLength));
    if (wanted.includes(name)) found.set(name, await unzipEntry(archive, at));
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return found;
}

/** `entry` is the place of its line in the directory: the header before the data may leave its sizes out. */
async function unzipEntry(archive: Buffer, entry: number): Promise<Buffer> {
  const method = archive.readUInt16LE(entry + 10);
  const size = archive.readUInt32LE(entry + 20);
  const local = archive.readUInt32LE(entry + 42);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const data = archive.subarray(start, start + size);
  if (method === 0) return data;
  if (method !== 8) throw new Error(`unknown compression ${method} in the zip archive`);
  return promisify<Buffer, { maxOutputLength: number }, Buffer>(inflateRaw)(data, {
    maxOutputLength: MAX_UNPACKED_BYTES,
  });
}

function text(block: Buffer, start: number, end: number): string {
  const field = block.toString('latin1', start, end);
  return field.split('\0', 1)[0]?.trim() ?? '';
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
