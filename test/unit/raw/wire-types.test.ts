import assert from 'node:assert/strict';
import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';
import { etcdserverpb } from '#src/raw/index.js';
import type * as declared from '../../../scripts/declarations/protobuf-wire.js';

describe('the interfaces that replace the classes of protobuf in the declarations of ./proto', () => {
  const request = etcdserverpb.RangeRequest.create({ key: Buffer.from('a'), limit: 5n });

  it('fit the writer of the codecs', () => {
    const writer: declared.BinaryWriter = new BinaryWriter();
    const written: declared.BinaryWriter = etcdserverpb.RangeRequest.encode(request, writer as BinaryWriter);
    assert.deepEqual(written.finish(), etcdserverpb.RangeRequest.encode(request).finish());
  });

  it('fit the reader of the codecs', () => {
    const reader: declared.BinaryReader = new BinaryReader(
      etcdserverpb.RangeRequest.encode(request).finish(),
    );
    assert.deepEqual(etcdserverpb.RangeRequest.decode(reader as BinaryReader), request);
    assert.equal(reader.pos, reader.len);
  });
});
