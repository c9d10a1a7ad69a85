/** The exit codes of every command but `register`, which exits as its program does. */
export const exitCodes = {
  ok: 0,
  /** etcd refused the request, or the record does not exist. */
  failed: 1,
  /** The command line or a variable is wrong. */
  usage: 2,
  /** No etcd answered, or TLS did not establish trust in one. */
  unreachable: 3,
  /** `doctor`: the name does not resolve to an address that answers. */
  unresolved: 4,
} as const;
