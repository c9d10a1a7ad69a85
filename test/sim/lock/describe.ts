import type { AcquisitionEffect, AcquisitionInput } from '#src/lock/core/index.js';

/** Texts for the trace. */
export function describeInput(input: AcquisitionInput): string {
  return `${input.type} ${details(input)}`;
}

export function describeEffect(effect: AcquisitionEffect): string {
  return `    ${effect.type} ${details(effect)}`;
}

function details(value: object): string {
  const text = JSON.stringify(value, (name, member: unknown) => {
    if (name === 'type' && member === (value as { type: unknown }).type) return undefined;
    if (typeof member === 'bigint') return Number(member);
    if (member instanceof Error) return member.message;
    if (typeof member === 'object' && member !== null && 'type' in member && member.type === 'Buffer')
      return Buffer.from((member as unknown as { data: number[] }).data).toString();
    return member;
  });
  return text.slice(0, 600);
}
