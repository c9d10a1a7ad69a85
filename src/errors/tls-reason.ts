/**
 * What is wrong between this client and a member.
 * - `unknown-authority`: none of the trusted authorities signed the member's certificate.
 * - `wrong-name`: the certificate is for other names than the one asked for.
 * - `expired`, `not-yet-valid`: the member's certificate, or one above it, by this machine's clock.
 * - `bad-certificate`: another fault of the member's certificate: revoked, not for servers, too weak.
 * - `client-certificate-required`, `client-certificate-rejected`: the member asked for a certificate and got none, or
 *   one that it does not take.
 * - `not-tls`: this client speaks TLS and the member plaintext; `tls-expected`: the other way round.
 * - `bad-files`: a file of the options cannot be read, holds no PEM, or a key does not belong to its certificate.
 * - `handshake`: anything else that ended the handshake, such as no common version or cipher.
 */
export type TlsReason =
  | 'unknown-authority'
  | 'wrong-name'
  | 'expired'
  | 'not-yet-valid'
  | 'bad-certificate'
  | 'client-certificate-required'
  | 'client-certificate-rejected'
  | 'not-tls'
  | 'tls-expected'
  | 'bad-files'
  | 'handshake';
