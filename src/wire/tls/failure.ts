import { notHttp2Text, type TlsReason } from '../../errors/index.js';

/** Why a handshake failed, as a reason code and as a sentence. */
export interface TlsFailure {
  readonly reason: TlsReason;
  readonly text: string;
}

/** Node's error codes for certificates that fail verification: the names of OpenSSL's X509_V_ERR constants. */
const verifyCodes: ReadonlyMap<string, readonly [TlsReason, string]> = new Map(
  Object.entries<readonly [TlsReason, string]>({
    UNABLE_TO_GET_ISSUER_CERT: unknownAuthority(),
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: unknownAuthority(),
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: unknownAuthority(),
    DEPTH_ZERO_SELF_SIGNED_CERT: unknownAuthority(),
    SELF_SIGNED_CERT_IN_CHAIN: unknownAuthority(),
    CERT_UNTRUSTED: unknownAuthority(),
    // A trusted authority has the same name but another key.
    CERT_SIGNATURE_FAILURE: unknownAuthority(),
    CERT_HAS_EXPIRED: ['expired', 'a certificate of the server has expired'],
    CERT_NOT_YET_VALID: ['not-yet-valid', 'a certificate of the server is not valid yet'],
    ERR_TLS_CERT_ALTNAME_INVALID: ['wrong-name', "the server's certificate is for another name"],
    ERR_TLS_CERT_ALTNAME_FORMAT: ['wrong-name', "the names in the server's certificate cannot be parsed"],
    CERT_REVOKED: badCertificate(),
    CERT_REJECTED: badCertificate(),
    INVALID_CA: badCertificate(),
    INVALID_PURPOSE: badCertificate(),
    PATH_LENGTH_EXCEEDED: badCertificate(),
    CERT_CHAIN_TOO_LONG: badCertificate(),
    ERROR_IN_CERT_NOT_BEFORE_FIELD: badCertificate(),
    ERROR_IN_CERT_NOT_AFTER_FIELD: badCertificate(),
    UNABLE_TO_DECRYPT_CERT_SIGNATURE: badCertificate(),
    UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: badCertificate(),
    EE_KEY_TOO_SMALL: badCertificate(),
    CA_KEY_TOO_SMALL: badCertificate(),
    CA_MD_TOO_WEAK: badCertificate(),
  }),
);

/** The alerts of a server that rejects the client's certificate or, before TLS 1.3 or Go 1.21, requires one. */
const certificateAlert =
  /ALERT_(BAD_CERTIFICATE|UNSUPPORTED_CERTIFICATE|CERTIFICATE_REVOKED|CERTIFICATE_EXPIRED|CERTIFICATE_UNKNOWN|CERTIFICATE_REQUIRED|UNKNOWN_CA|DECRYPT_ERROR|ACCESS_DENIED)$/;

/** OpenSSL's errors for bytes that are not TLS. */
const notTls = /^ERR_SSL_(WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|UNKNOWN_PROTOCOL|HTTP_REQUEST)$/;

/**
 * Returns the TLS failure behind a socket's error; undefined for other errors, such as a reset connection.
 * @param hasCertificate Whether a client certificate was offered: the server's alert is the same without one.
 */
export function tlsFailureOf(error: unknown, hasCertificate: boolean): TlsFailure | undefined {
  const { code, message } = error as { code?: unknown; message?: unknown };
  if (typeof code !== 'string') return undefined;
  const classified = classify(code, hasCertificate);
  if (!classified) return undefined;
  const [reason, text] = classified;
  return { reason, text: `${text} (${shorten(`${code}: ${readable(message)}`)})` };
}

function classify(code: string, hasCertificate: boolean): readonly [TlsReason, string] | undefined {
  const known = verifyCodes.get(code);
  if (known) return known;
  if (notTls.test(code)) return ['not-tls', 'the server does not speak TLS'];
  if (certificateAlert.test(code)) {
    return hasCertificate
      ? ['client-certificate-rejected', "the server rejects the client's certificate"]
      : ['client-certificate-required', 'the server requires a client certificate'];
  }
  // The client offers HTTP/2 alone.
  if (/ALERT_NO_APPLICATION_PROTOCOL$/.test(code)) return ['handshake', notHttp2Text];
  if (/^ERR_(SSL|TLS|OSSL)_/.test(code)) return ['handshake', 'the handshake failed'];
  return undefined;
}

function unknownAuthority(): readonly [TlsReason, string] {
  return ['unknown-authority', "the server's certificate is not signed by a trusted authority"];
}

function badCertificate(): readonly [TlsReason, string] {
  return ['bad-certificate', "the server's certificate cannot be trusted"];
}

/** Returns a copy with only message and code. Node's TLS errors contain the peer's certificates and OpenSSL's stack. */
export function sanitizeError(error: unknown): Error {
  const { message, code } = error as { message?: unknown; code?: unknown };
  const bare = new Error(shorten(readable(message)));
  return typeof code === 'string' ? Object.assign(bare, { code }) : bare;
}

/**
 * Extracts the reason from OpenSSL's message, which also has a memory address, a source file and a line. Control
 * characters are removed, because names in a certificate may contain any text and must not add lines to a log.
 */
function readable(message: unknown): string {
  const text = String(message);
  const words = /error:[0-9A-F]+:[^:]*:[^:]*:([^:]+)/.exec(text)?.[1] ?? text;
  return words.trim().replace(/\p{Cc}+/gu, ' ');
}

/** A hostile certificate may name thousands of hosts. */
function shorten(text: string): string {
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}
