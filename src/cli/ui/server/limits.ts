/** Limits of the server. They are far above what a few pages need, and bound what a hostile process can use. */
export const limits = {
  /** Bytes of a request's body. */
  bodyBytes: 64 * 1_024,
  /** How long a body may take to arrive, in milliseconds. */
  bodyMs: 10_000,
  headerBytes: 16 * 1_024,
  headersMs: 10_000,
  requestMs: 20_000,
  keepAliveMs: 5_000,
  connections: 512,
  /** Requests of the API that run at once. */
  requests: 64,
  /** Open event streams. */
  streams: 64,
  sessions: 64,
  /** One-time tokens that wait for their use. */
  links: 16,
  /** How long the end of the command waits for requests that run. */
  closeMs: 3_000,
} as const;
