/** What happened to a service; to all services without one. */
export function Timeline(_props: { readonly service: string | undefined }) {
  return <section class="timeline" />;
}
