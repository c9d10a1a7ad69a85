/** A metric of an etcd that has no labels; 0 if etcd has not counted anything yet. */
export async function metric(address, name) {
  const response = await fetch(`http://${address}/metrics`);
  const line = (await response.text()).split('\n').find((text) => text.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}
