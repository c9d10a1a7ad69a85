import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { maxUnpackedBytes, type Unpacked, WantedFiles } from './unpacked.js';

const blockBytes = 512;
/** Links, devices, folders and pipes: they have no data, whatever their size field says. */
const hasNoData = /[1-6]/;

interface Header {
  readonly name: string;
  readonly type: string;
  readonly size: number;
}

/**
 * Reads files from a `.tar.gz`. Reads regular files only, and follows no link or path of the archive.
 * @throws Error for a truncated archive and for an invalid header.
 */
export async function readTarGz(archive: Buffer, wanted: readonly string[]): Promise<Unpacked> {
  const options = { maxOutputLength: maxUnpackedBytes };
  const tar = await promisify<Buffer, typeof options, Buffer>(gunzip)(archive, options);
  const found = new WantedFiles(wanted);
  let isRenamed = false;
  for (let at = 0; ; ) {
    const block = tar.subarray(at, at + blockBytes);
    if (block.length < blockBytes) throw truncated(at);
    if (block.every((byte) => byte === 0)) return found.files; // the end of an archive
    const { name, type, size } = readHeader(block);
    const start = at + blockBytes;
    if (start + size > tar.length) throw truncated(at);
    const data = tar.subarray(start, start + size);
    const isFile = (type === '0' || type === '\0') && !isRenamed;
    if (found.wants(name) && isFile) found.add(name, data);
    isRenamed = renamesNext(type, data);
    at = start + Math.ceil(size / blockBytes) * blockBytes;
  }
}

function truncated(at: number): Error {
  return new Error(`the tar archive is truncated, after ${at} bytes`);
}

function readHeader(block: Buffer): Header {
  if (number(block, 'checksum', 148, 156) !== checksumOf(block))
    throw new Error('the tar archive has a header with a wrong checksum');
  const type = String.fromCharCode(block[156] ?? 0);
  // GNU's own format uses this field for other values.
  const prefix = text(block, 257, 263) === 'ustar' ? text(block, 345, 500) : '';
  const name = text(block, 0, 100);
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type,
    size: hasNoData.test(type) ? 0 : number(block, 'size', 124, 136),
  };
}

/** The sum of all bytes, with the checksum field as spaces. */
function checksumOf(block: Buffer): number {
  return block.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : byte), 0);
}

/** Parses an octal field. Base 256, for files beyond 8 GiB, is not supported. */
function number(block: Buffer, what: string, start: number, end: number): number {
  const field = text(block, start, end).trim();
  if (!/^[0-7]*$/.test(field)) throw new Error(`the tar archive has an entry of ${what} '${field}'`);
  return field === '' ? 0 : Number.parseInt(field, 8);
}

/**
 * Whether this entry replaces the name in the next entry's header. Only a long name is stored this way, so the next file
 * is not a wanted one. An entry that changes anything else of the next one is not supported.
 */
function renamesNext(type: string, data: Buffer): boolean {
  if (type !== 'x' && type !== 'g') return type === 'L';
  const keywords = [...data.toString('latin1').matchAll(/^\d+ ([^=]+)=/gm)].map(
    ([, keyword = '']) => keyword,
  );
  const isMisread = (keyword: string) =>
    /^(size|GNU\.sparse.*)$/.test(keyword) || (type === 'g' && keyword === 'path');
  const misread = keywords.find(isMisread);
  if (misread !== undefined)
    throw new Error(`the tar archive has an extended header that is not supported: ${misread}`);
  return keywords.includes('path');
}

function text(block: Buffer, start: number, end: number): string {
  return block.toString('latin1', start, end).split('\0', 1)[0] ?? '';
}
