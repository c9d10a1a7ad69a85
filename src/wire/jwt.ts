/**
 * When a token says that it runs out, in milliseconds of wall-clock time; undefined for one that does not say, such as
 * etcd's own simple tokens. Nothing is verified: that is etcd's part.
 */
export function expiryOf(token: string): number | undefined {
  const payload = token.split('.')[1];
  if (!payload) return undefined;
  try {
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
    if (typeof claims !== 'object' || claims === null || !('exp' in claims)) return undefined;
    return typeof claims.exp === 'number' && Number.isFinite(claims.exp) ? claims.exp * 1000 : undefined;
  } catch {
    return undefined; // a simple token has a dot, too: what follows it is a number, not JSON
  }
}
