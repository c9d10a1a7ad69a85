/**
 * The raft index in one of etcd's own (simple) tokens, `<16 letters>.<index>`: the last change of the store before its
 * issue. undefined for any other token. A member answers a request only once it has applied this index, and keeps it waiting
 * until then, whatever the request's deadline.
 */
export function raftIndexOf(token: string | undefined): bigint | undefined {
  const digits = token === undefined ? undefined : /^[^.]+\.(\d{1,20})$/.exec(token)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}
