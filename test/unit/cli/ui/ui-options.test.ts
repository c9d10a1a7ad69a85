import assert from 'node:assert/strict';
import { ParsedOptions } from '#src/cli/args/options.js';
import { isLoopback, uiOptionsFrom } from '#src/cli/ui/ui-options.js';

describe('the address of a page', () => {
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost', 'LOCALHOST'])
    it(`${host} is loopback`, () => assert.ok(isLoopback(host)));

  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'fe80::1',
    '::ffff:10.0.0.1',
    'localhost.example',
    '127.1',
    '',
  ])
    it(`'${host}' is beyond loopback`, () => assert.ok(!isLoopback(host)));
});

describe('a page without options', () => {
  it('is on loopback, at the default port, without TLS, and may change records', async () => {
    const options = await uiOptionsFrom(new ParsedOptions({}));
    assert.deepEqual(options, {
      ...{ host: '127.0.0.1', port: undefined, tls: undefined },
      ...{ allowedHosts: [], readOnly: false, open: false },
    });
  });
});
