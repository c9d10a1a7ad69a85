// Shared by the campaigns with authentication: etcd's users over its HTTP gateway, and its count of Authenticate calls.

/** Creates root and enables authentication. */
export async function enableAuth(etcd, password) {
  await post(etcd, 'auth/user/add', { name: 'root', password });
  await post(etcd, 'auth/user/grant', { user: 'root', role: 'root' });
  await post(etcd, 'auth/enable', {});
}

export async function post(etcd, path, message, token) {
  const response = await fetch(`http://${etcd.endpoints[0]}/v3/${path}`, {
    method: 'POST',
    body: JSON.stringify(message),
    headers: { connection: 'close', ...(token ? { authorization: token } : {}) },
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${text}`);
  return JSON.parse(text);
}

/** Retries, because an etcd that checks hundreds of passwords may not answer for a while. */
async function metricsOf(etcd) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await etcd.metrics();
    } catch (error) {
      if (attempt === 60) throw error;
    }
  }
}

/** Authenticate calls over gRPC since the start of this etcd process. */
export async function authenticateCalls(etcd) {
  return (await metricsOf(etcd))
    .split('\n')
    .filter((line) => line.startsWith('grpc_server_started_total{') && line.includes('"Authenticate"'))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
