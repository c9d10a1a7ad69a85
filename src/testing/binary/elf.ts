import { type FileHandle, open } from 'node:fs/promises';

const HEADER_BYTES = 64;
const SECTION_WITHOUT_BYTES = 8;

/**
 * The length of a complete program file: the end of its last segment or section. A shorter file may still answer
 * `--version`, and dies of SIGSEGV or SIGBUS at the first missing page. `undefined` for anything but a 64-bit ELF
 * program.
 */
export async function programBytes(path: string): Promise<number | undefined> {
  const file = await open(path, 'r');
  try {
    const header = await readAt(file, 0, HEADER_BYTES);
    const isElf64 = header.toString('latin1', 0, 4) === '\x7fELF' && header[4] === 2;
    if (!isElf64) return undefined;
    return header.length < HEADER_BYTES ? HEADER_BYTES : await lastByte(file, fieldsOf(header));
  } finally {
    await file.close();
  }
}

type Fields = ReturnType<typeof fieldsOf>;

async function lastByte(file: FileHandle, header: Fields): Promise<number> {
  const segments = { at: header.u64(32), entryBytes: header.u16(54), entries: header.u16(56) };
  const sections = { at: header.u64(40), entryBytes: header.u16(58), entries: header.u16(60) };
  const ends = [
    await tableEnd(file, header, segments, (entry, at) => entry.u64(at + 8) + entry.u64(at + 32)),
    await tableEnd(file, header, sections, (entry, at) =>
      entry.u32(at + 4) === SECTION_WITHOUT_BYTES ? 0 : entry.u64(at + 24) + entry.u64(at + 32),
    ),
  ];
  return Math.max(...ends);
}

/** The end of the last item in a table; the end of the table itself if the file is too short for the table. */
async function tableEnd(
  file: FileHandle,
  { isBigEndian }: Fields,
  table: { at: number; entryBytes: number; entries: number },
  endOf: (entry: Fields, at: number) => number,
): Promise<number> {
  const length = table.entryBytes * table.entries;
  const bytes = await readAt(file, table.at, length);
  if (bytes.length < length) return table.at + length;
  const fields = fieldsOf(bytes, isBigEndian);
  const ends = Array.from({ length: table.entries }, (_, i) => endOf(fields, i * table.entryBytes));
  return Math.max(table.at + length, ...ends);
}

/** Returns fewer bytes at the end of the file. */
async function readAt(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  return buffer.subarray(0, bytesRead);
}

function fieldsOf(bytes: Buffer, isBigEndian = bytes[5] === 2) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    isBigEndian,
    u16: (at: number) => view.getUint16(at, !isBigEndian),
    u32: (at: number) => view.getUint32(at, !isBigEndian),
    u64: (at: number) => Number(view.getBigUint64(at, !isBigEndian)),
  };
}
