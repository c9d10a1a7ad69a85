import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** The size of a file in bytes; 0 when it does not exist. */
export function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** The last `maxBytes` of a file from byte `from` on; empty when it does not exist. */
export function readTail(path: string, maxBytes: number, from = 0): string {
  const size = fileSize(path);
  const start = Math.max(from, size - maxBytes);
  if (start >= size) return '';
  const file = openSync(path, 'r');
  try {
    const bytes = Buffer.alloc(size - start);
    return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, start)).toString();
  } finally {
    closeSync(file);
  }
}
