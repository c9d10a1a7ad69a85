/**
 * Returns the raft index in one of etcd's simple tokens, `<16 letters>.<index>`; undefined for any other token. The index
 * is that of the store's last change before the token was issued. A member blocks a request with the token until it has
 * applied this index, whatever the request's deadline.
 *
 * Specification: https://github.com/etcd-io/etcd/blob/v3.7.1/server/auth/simple_token.go#L215-L246
 */
export function raftIndexOf(token: string | undefined): bigint | undefined {
  const digits = token === undefined ? undefined : /^[^.]+\.(\d{1,20})$/.exec(token)?.[1];
  return digits === undefined ? undefined : BigInt(digits);
}
