import assert from 'node:assert/strict';
import { listenFailureText } from '#src/cli/ui/listen-failure.js';

describe('the reason why the page cannot listen', () => {
  const at = { message: 'listen X', address: '10.0.0.5', port: 80 };

  it('names the port or the address, and the option that changes it', () => {
    assert.equal(
      listenFailureText({ ...at, code: 'EADDRINUSE' }),
      'port 80 of 10.0.0.5 is in use; choose another one with --port',
    );
    assert.match(listenFailureText({ ...at, code: 'EACCES' }), /may not use port 80; choose one above 1023/);
    assert.match(listenFailureText({ ...at, code: 'EADDRNOTAVAIL' }), /^10\.0\.0\.5 is not an address/);
  });

  it('is the text of the system otherwise', () => {
    assert.equal(listenFailureText({ ...at, code: 'EMFILE' }), 'listen X');
  });
});
