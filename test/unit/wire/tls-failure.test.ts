import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { sanitizeError, tlsFailureOf } from '#src/wire/tls/failure.js';

const failed = (code: string, message = 'words') => Object.assign(new Error(message), { code });

describe('an error of a TLS socket', () => {
  const known: readonly (readonly [code: string, reason: string])[] = [
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unknown-authority'],
    ['SELF_SIGNED_CERT_IN_CHAIN', 'unknown-authority'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'unknown-authority'],
    ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'unknown-authority'],
    ['CERT_SIGNATURE_FAILURE', 'unknown-authority'],
    ['CERT_HAS_EXPIRED', 'expired'],
    ['CERT_NOT_YET_VALID', 'not-yet-valid'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'wrong-name'],
    ['INVALID_PURPOSE', 'bad-certificate'],
    ['CERT_REVOKED', 'bad-certificate'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'not-tls'],
    ['ERR_SSL_PACKET_LENGTH_TOO_LONG', 'not-tls'],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'client-certificate-required'],
    ['ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE', 'client-certificate-required'],
    // The code of newer OpenSSL releases.
    ['ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE', 'client-certificate-required'],
    ['ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'handshake'],
    ['ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'handshake'],
    ['ERR_SSL_NO_CIPHERS_AVAILABLE', 'handshake'],
    ['ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL', 'handshake'],
  ];
  for (const [code, reason] of known) {
    it(`${code} is ${reason}`, () => {
      const failure = tlsFailureOf(failed(code), false);
      assert.equal(failure?.reason, reason);
      assert.ok(failure.text.endsWith(`(${code}: words)`), failure.text);
    });
  }

  for (const alert of ['UNKNOWN_CA', 'BAD_CERTIFICATE', 'CERTIFICATE_EXPIRED', 'UNSUPPORTED_CERTIFICATE']) {
    it(`${alert} from the server means that it rejects the offered certificate`, () => {
      assert.equal(
        tlsFailureOf(failed(`ERR_SSL_TLSV1_ALERT_${alert}`), true)?.reason,
        'client-certificate-rejected',
      );
    });
  }

  for (const code of ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND']) {
    it(`${code} is not a TLS failure`, () => assert.equal(tlsFailureOf(failed(code), true), undefined));
  }

  it('without a code, or a value that is not an error, is not a TLS failure', () => {
    assert.equal(tlsFailureOf(new Error('no details'), true), undefined);
    assert.equal(tlsFailureOf('text', true), undefined);
  });

  it('is sanitized: it has no OpenSSL addresses, no peer certificate and not thousands of names', () => {
    const names = Array.from({ length: 5_000 }, (_, i) => `DNS:host-${i}`).join(', ');
    const error = Object.assign(failed('ERR_TLS_CERT_ALTNAME_INVALID', `not one of: ${names}`), {
      cert: { raw: Buffer.alloc(10_000), issuerCertificate: {} },
      opensslErrorStack: ['x'],
    });
    const bare = sanitizeError(error);
    bare.stack = ''; // its length depends on the checkout's path
    assert.ok(inspect(bare, { depth: 10, showHidden: true }).length < 1_500);
    assert.doesNotMatch(inspect(bare, { showHidden: true }), /issuerCertificate|opensslErrorStack/);
    assert.equal((bare as { code?: string }).code, 'ERR_TLS_CERT_ALTNAME_INVALID');
    assert.ok((tlsFailureOf(error, false)?.text.length ?? Number.NaN) < 500);

    assert.equal(sanitizeError(failed('X', 'a\u001b[31m\r\nb')).message, 'a [31m b');

    const raw =
      '803C27B4D17F0000:error:0A000412:SSL routines:ssl3_read_bytes:tlsv1 alert unknown ca:../rec.c:1600:SSL alert 48\n';
    const { message } = sanitizeError(failed('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA', raw));
    assert.equal(message, 'tlsv1 alert unknown ca');
  });
});
