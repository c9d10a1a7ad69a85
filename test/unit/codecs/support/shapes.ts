import assert from 'node:assert/strict';
import type { EncodedRecord, EndpointCodec } from '#src/codecs/index.js';
import type { Endpoint } from '#src/naming/index.js';

/** A stored value, and what the codec reads from it: an endpoint, `undefined` for another service's, or an error's text. */
export interface ReadShape {
  readonly name: string;
  readonly value: string | Uint8Array;
  /** Default: one that the codec itself would choose. */
  readonly id?: string;
  readonly reads: Endpoint | RegExp | undefined;
}

/** An endpoint, and what the codec writes for it: the stored text, or an error's text. */
export interface WriteShape {
  readonly name: string;
  readonly endpoint: Endpoint;
  readonly writes: string | RegExp;
}

/** Declares a test for each value that is read. */
export function itReads(codec: EndpointCodec, service: string, shapes: readonly ReadShape[]): void {
  for (const { name, value, reads, id } of shapes)
    it(name, () => {
      const record = recordOf(codec, service, value, id);
      if (reads instanceof RegExp)
        assert.throws(() => codec.decode(record), { name: 'EndpointDecodeError', message: reads });
      else assert.deepEqual(codec.decode(record), reads);
    });
}

/** Declares a test for each endpoint that is written. What is written is read again, and that is written unchanged. */
export function itWrites(codec: EndpointCodec, service: string, shapes: readonly WriteShape[]): void {
  for (const { name, endpoint, writes } of shapes)
    it(name, () => {
      if (writes instanceof RegExp) {
        assert.throws(() => written(codec, service, endpoint), { name: 'NamingError', message: writes });
        return;
      }
      assert.equal(written(codec, service, endpoint), writes);
      const canonical = codec.decode(recordOf(codec, service, writes));
      assert.ok(canonical);
      assert.equal(canonical.addr, endpoint.addr);
      assert.equal(written(codec, service, canonical), writes);
    });
}

export function recordOf(
  codec: EndpointCodec,
  service: string,
  value: string | Uint8Array,
  id = '10.0.0.7:8080',
): EncodedRecord {
  return { service, id, key: `${codec.keyPrefix(service)}${id}`, value: Buffer.from(value) };
}

function written(codec: EndpointCodec, service: string, endpoint: Endpoint): string {
  const id = codec.defaultId?.(endpoint.addr) ?? endpoint.addr;
  const place = { service, id, key: `${codec.keyPrefix(service)}${id}` };
  assert.ok(codec.encode, `${codec.name} only reads`);
  return Buffer.from(codec.encode(endpoint, place)).toString('utf8');
}
