import type { ComponentChildren } from 'preact';
import type { EndpointRow } from '../../protocol/index.js';
import { CopyButton, FirstSeen } from '../elements/index.js';
import { visible } from '../text/index.js';
import { LeaseState } from './lease-state.js';

interface FieldsProps {
  readonly row: EndpointRow;
  readonly gone: boolean;
}

/** The fields of a record, but for its metadata. */
export function Fields({ row, gone }: FieldsProps) {
  return (
    <dl class="fields">
      <Field name="Address">{row.addr === '' ? '–' : <Copied text={row.addr} name="address" />}</Field>
      <Field name="Service">
        <bdi>{visible(row.service)}</bdi>
      </Field>
      <Field name="Id">
        <bdi>{visible(row.id)}</bdi>
      </Field>
      <Field name="Status">{row.status === undefined ? '–' : <bdi>{visible(row.status)}</bdi>}</Field>
      <Field name="Weight">{row.weight}</Field>
      <Field name="Zone">{row.zone === undefined ? '–' : <bdi>{visible(row.zone)}</bdi>}</Field>
      <Field name="Lease">
        <Lease id={row.lease} gone={gone} />
      </Field>
      <Field name="First seen">
        <FirstSeen at={row.firstSeen} preexisting={row.preexisting} />
      </Field>
      <Field name="Create revision">{visible(row.createRevision, 20)}</Field>
      <Field name="Mod revision">{visible(row.modRevision, 20)}</Field>
      <Field name="Key">
        <Copied text={row.key} name="key" />
      </Field>
    </dl>
  );
}

interface FieldProps {
  readonly name: string;
  readonly children: ComponentChildren;
}

function Field({ name, children }: FieldProps) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

function Copied({ text, name }: { readonly text: string; readonly name: string }) {
  return (
    <>
      <bdi class="mono">{visible(text, 1_000)}</bdi> <CopyButton text={() => text} name={name} />
    </>
  );
}

function Lease({ id, gone }: { readonly id: string | undefined; readonly gone: boolean }) {
  if (id === undefined) return <>none: the record is permanent</>;
  return (
    <>
      <span class="mono">{visible(id, 20)}</span> {!gone && <LeaseState id={id} />}
    </>
  );
}
