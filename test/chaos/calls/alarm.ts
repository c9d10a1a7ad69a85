/** Raises or clears the NOSPACE alarm of a member: while it is raised, all members reject writes. */
export async function setAlarm(endpoint: string, action: 'ACTIVATE' | 'DEACTIVATE'): Promise<void> {
  const post = async (method: string, body: object) => {
    const request = { method: 'POST', body: JSON.stringify(body), signal: AbortSignal.timeout(10_000) };
    const answer = await fetch(`http://${endpoint}/v3/maintenance/${method}`, request);
    if (!answer.ok) throw new Error(`${method} returned ${answer.status}: ${await answer.text()}`);
    return answer.json();
  };
  const { header } = (await post('status', {})) as { header: { member_id: string } };
  await post('alarm', { action, memberID: header.member_id, alarm: 'NOSPACE' });
}
