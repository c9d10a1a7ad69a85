/** Locks and elections. */
export function LocksView() {
  return <section class="locks" />;
}
