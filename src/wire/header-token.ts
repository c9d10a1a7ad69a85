/** More than any token needs, and less than half of what Node sends as one header. */
const maxTokenLength = 24 * 1024;

/**
 * A token as a header takes it: without the line end that a file leaves, or any white space around it. Undefined where
 * it cannot be sent: grpc-js would refuse it too, but with the token in the error's text.
 */
export function headerToken(token: unknown): string | undefined {
  if (typeof token !== 'string' || token.length > maxTokenLength) return undefined;
  const trimmed = token.trim();
  return /^[ -~]+$/.test(trimmed) ? trimmed : undefined;
}
