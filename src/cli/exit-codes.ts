/** The exit codes of every command. One that ran a program exits as its program does, unless the last two apply. */
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
  // Large, because the program of `lock` and `elect` may exit with any small code.
  /** `lock`, `elect`: another holder did not leave within `--timeout`, the code of timeout(1). The program was not started. */
  notAcquired: 124,
  /** `lock`, `elect`: the lock or the leadership was lost, and the program stopped. */
  lost: 125,
} as const;
