/**
 * Why a TLS connection to a member fails.
 * - `unknown-authority`: no trusted authority signed the member's certificate.
 * - `wrong-name`: the certificate does not contain the requested name.
 * - `expired`, `not-yet-valid`: the validity of a certificate in the member's chain, by this machine's clock.
 * - `bad-certificate`: another defect of the member's certificate: revoked, not for servers, too weak.
 * - `client-certificate-required`, `client-certificate-rejected`: the member requires a client certificate and received
 *   none, or did not accept the one it received.
 * - `not-tls`: this client uses TLS and the member plaintext. `tls-expected`: the member uses TLS and this client
 *   plaintext.
 * - `bad-files`: a file of the options is unreadable or contains no PEM, or a key does not match its certificate.
 * - `handshake`: any other failure of the handshake, such as no common version or cipher, or a server without
 *   HTTP/2.
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
