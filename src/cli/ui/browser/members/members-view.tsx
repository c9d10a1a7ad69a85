/** The members of etcd's cluster. */
export function MembersView() {
  return <section class="members" />;
}
