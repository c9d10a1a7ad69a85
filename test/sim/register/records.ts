import type { KeyValue } from '#src/model/index.js';

/** A record's metadata; empty if the record cannot be decoded. */
export function metadataOf({ value }: Pick<KeyValue, 'value'>): Readonly<Record<string, unknown>> {
  try {
    const { Metadata } = JSON.parse(value.toString()) as { Metadata?: Readonly<Record<string, unknown>> };
    return Metadata ?? {};
  } catch {
    return {};
  }
}

/** The number of the record's update. */
export function seqOf(kv: Pick<KeyValue, 'value'>): number | undefined {
  const { seq } = metadataOf(kv);
  return typeof seq === 'number' ? seq : undefined;
}

export function recordValue(addr: string, metadata: object): Buffer {
  return Buffer.from(JSON.stringify({ Op: 0, Addr: addr, Metadata: metadata }));
}
