/** What the command's exit tells a script. `register` passes on its program's own instead. */
export const exit = {
  ok: 0,
  /** etcd said no, or what was asked for is not there. */
  failed: 1,
  /** The command line, or a variable, cannot be meant. */
  usage: 2,
  /** No etcd answered, or none that may be trusted (TLS). */
  unreachable: 3,
  /** `doctor`: the name does not resolve to an address that answers. */
  unresolved: 4,
} as const;
