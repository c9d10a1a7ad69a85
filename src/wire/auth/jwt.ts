/**
 * Returns the expiry of a JWT in milliseconds of wall-clock time; undefined for tokens without one, such as etcd's simple
 * tokens. The signature is not verified; etcd does that.
 *
 * Specification: https://www.rfc-editor.org/rfc/rfc7519#section-4.1.4
 */
export function expiryOf(token: string): number | undefined {
  const payload = token.split('.')[1];
  if (!payload) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null || !('exp' in claims)) return undefined;
    return typeof claims.exp === 'number' && Number.isFinite(claims.exp) ? claims.exp * 1000 : undefined;
  } catch {
    return undefined; // a simple token contains a dot too, followed by a number
  }
}
