/** Longer than any real token, and less than half of Node's limit for one header. */
const maxTokenLength = 24 * 1024;

/**
 * Returns a token without surrounding white space, such as the line break at the end of a file. Returns undefined for a
 * token that no header can carry: grpc-js would refuse it too, but with the token in the error's message.
 */
export function headerToken(token: unknown): string | undefined {
  if (typeof token !== 'string' || token.length > maxTokenLength) return undefined;
  const trimmed = token.trim();
  return /^[ -~]+$/.test(trimmed) ? trimmed : undefined;
}
