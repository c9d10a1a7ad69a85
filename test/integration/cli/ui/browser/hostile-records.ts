import type { EtcdClient } from '#src/client/index.js';

/** Sets `window.attacked` if a browser interprets it as markup or as a URL. */
export const markups = [
  '<img src=x onerror="window.attacked=1">',
  '<script>window.attacked=2</script>',
  '"><svg onload="window.attacked=3">',
  "'><iframe srcdoc='<script>parent.attacked=4</script>'>",
  'javascript:window.attacked=5',
  '</style><style>*{display:none}</style>',
  '{{constructor.constructor("window.attacked=6")()}}',
];

/** Reorders or hides the text around it, or ends a terminal's line. */
export const controls = [
  '\u202eabc',
  '\u2066a\u2069',
  '\u200b',
  '\u2028',
  '\x00',
  '\x1b[2J',
  '\r\n',
  '\ufeff',
];

const megabyte = 1_000_000;

/** Stores endpoints, a lock and an election whose names and contents are hostile. */
export async function putHostileRecords(client: EtcdClient, prefix: string): Promise<void> {
  const put = (key: string | Buffer, metadata: string, addr = '10.0.0.1:1') =>
    client.kv.put(key, `{"Op":0,"Addr":${JSON.stringify(addr)},"Metadata":${metadata}}`);
  for (const [i, text] of [...markups, ...controls].entries()) {
    const fields = { zone: text, status: text, [text]: text, weight: text, started_at: text };
    await put(`${prefix}texts/${text}`, JSON.stringify(fields), `${text}:1`);
    await put(`${prefix}service-${text}/e${i}`, 'null');
  }
  await put(`${prefix}__proto__/__proto__`, '{"__proto__":{"zone":"a"},"constructor":1,"toString":2}');
  await put(`${prefix}shapes/lone-surrogates`, String.raw`{"zone":"\ud800","\udfff":"\udc00\ud800"}`);
  await put(Buffer.concat([Buffer.from(`${prefix}shapes/`), Buffer.of(0xff, 0xfe)]), '{"zone":"bytes"}');
  await put(`${prefix}shapes/large`, JSON.stringify({ text: '<b>'.repeat(megabyte / 3) }));
  await put(`${prefix}shapes/deep`, `${'['.repeat(5_000)}${']'.repeat(5_000)}`);
  await put(`${prefix}shapes/wide`, JSON.stringify(Array.from({ length: 3_000 }, (_, i) => i)));
  await client.kv.put(`${prefix}shapes/no-endpoint`, markups.join(''));
  await putHostileQueues(client, prefix);
}

async function putHostileQueues(client: EtcdClient, prefix: string): Promise<void> {
  for (const [i, text] of [...markups, ...controls].entries()) {
    const { id } = await client.lease.grant({ ttlSeconds: 600 });
    await client.kv.put(`${prefix}queue-${text}/${id.toString(16)}`, i % 2 ? text : '', { lease: id });
  }
}
