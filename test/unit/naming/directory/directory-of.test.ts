import assert from 'node:assert/strict';
import { InvalidInputError } from '#src/errors/index.js';
import { directoryOf } from '#src/naming/directory/index.js';
import { goEndpoints, ServiceDirectory } from '#src/naming/index.js';
import { lineCodec } from '../../../support/naming/line-codec.js';
import { FakeClient } from '../fake-service.js';

describe('the directory of a client', () => {
  const { client } = new FakeClient();
  const other = { ...lineCodec, name: 'other' };

  it('is the same for the same codecs in the same order, whatever list has them', () => {
    assert.equal(directoryOf(client, lineCodec), directoryOf(client, [lineCodec]));
    assert.equal(
      directoryOf(client, [goEndpoints, lineCodec]),
      directoryOf(client, [goEndpoints, lineCodec]),
    );
  });

  it('is another one for other codecs, another order and another client', () => {
    const all = [
      directoryOf(client),
      directoryOf(client, lineCodec),
      directoryOf(client, other),
      directoryOf(client, [goEndpoints, lineCodec]),
      directoryOf(client, [lineCodec, goEndpoints]),
      directoryOf(client, [goEndpoints, lineCodec, other]),
      directoryOf(new FakeClient().client),
    ];
    assert.equal(new Set(all).size, all.length);
  });

  it('is the default one for the codec of the default format', () => {
    assert.equal(directoryOf(client, goEndpoints), directoryOf(client));
    assert.equal(directoryOf(client, [goEndpoints]), directoryOf(client));
  });

  it('is a directory that was passed, beside which no codec is taken', () => {
    const directory = new ServiceDirectory(client);
    assert.equal(directoryOf(directory), directory);
    for (const codec of [goEndpoints, lineCodec, [lineCodec]])
      assert.throws(() => directoryOf(directory, codec), InvalidInputError);
  });
});
