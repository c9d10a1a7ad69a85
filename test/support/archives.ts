import { crc32, deflateRawSync, gzipSync } from 'node:zlib';

export interface TarEntry {
  readonly name: string;
  readonly content?: string;
  /** Default `0`, a plain file. */
  readonly type?: string;
  /** The size field as written; default: the content's length. */
  readonly size?: string | Buffer;
  readonly prefix?: string;
  /** False: the header has a wrong checksum. Default: true. */
  readonly hasValidChecksum?: boolean;
}

/** A tar archive in memory; `end` follows the last entry. */
export function tar(entries: readonly TarEntry[], end: Buffer = Buffer.alloc(1024)): Buffer {
  return Buffer.concat([...entries.flatMap(tarEntry), end]);
}

export function tarGz(entries: readonly TarEntry[], end?: Buffer): Buffer {
  return gzipSync(tar(entries, end));
}

function tarEntry({
  name,
  content = '',
  type = '0',
  size,
  prefix = '',
  hasValidChecksum = true,
}: TarEntry): Buffer[] {
  const data = Buffer.from(content);
  const header = Buffer.alloc(512);
  header.write(name, 0);
  header.write('0000755\0', 100);
  const field = size ?? `${data.length.toString(8).padStart(11, '0')}\0`;
  Buffer.from(field).copy(header, 124);
  header.write(' '.repeat(8), 148);
  header.write(type, 156);
  header.write('ustar\0', 257);
  header.write(prefix, 345);
  const sum = header.reduce((total, byte) => total + byte, hasValidChecksum ? 0 : 1);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return [header, data, Buffer.alloc((512 - (data.length % 512)) % 512)];
}

export interface ZipEntry {
  readonly name: string;
  readonly content?: string;
  readonly method?: number;
  /** The Unix mode in the directory. Default: a plain file. */
  readonly mode?: number;
  readonly flags?: number;
  readonly crc?: number;
  /** The uncompressed size in the directory. */
  readonly size?: number;
}

/** A zip archive in memory with sizes only in the directory, as tools that write to a pipe produce it. */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content = '', method = 8, mode = 0o100755, flags = 0, crc, size } of entries) {
    const data = method === 8 ? deflateRawSync(content) : Buffer.from(content);
    const local = Buffer.alloc(30);
    local.write('PK\x03\x04', 0, 'latin1');
    local.writeUInt16LE(name.length, 26);
    const line = Buffer.alloc(46);
    line.write('PK\x01\x02', 0, 'latin1');
    line.writeUInt16LE(0x031e, 4);
    line.writeUInt16LE(flags, 8);
    line.writeUInt16LE(method, 10);
    line.writeUInt32LE(crc ?? crc32(content), 16);
    line.writeUInt32LE(data.length, 20);
    line.writeUInt32LE(size ?? Buffer.byteLength(content), 24);
    line.writeUInt16LE(name.length, 28);
    line.writeUInt32LE((mode << 16) >>> 0, 38);
    line.writeUInt32LE(offset, 42);
    parts.push(local, Buffer.from(name), data);
    directory.push(line, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(Buffer.concat(directory).length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, ...directory, end]);
}
