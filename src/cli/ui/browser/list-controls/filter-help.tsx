import { Disclosure } from '../elements/index.js';
import { type FieldSet, fieldNames } from '../filter/index.js';

/** The syntax of filters, each with an example. The documentation describes it, too. */
const syntax: readonly (readonly [example: string, meaning: string])[] = [
  ['word', 'the word occurs anywhere; * stands for any text'],
  ['zone:eu', 'the field contains the text; with *, all of it has the pattern'],
  ['zone=eu-1', 'the field is the text, with regard to case; != for another one'],
  ['weight>=10', 'also <, > and <=; digits in texts count by value'],
  ['-term', 'the term does not hold'],
  ['"two words"', 'quotes for spaces and operators'],
];

const metadataSyntax = [
  ['metadata.labels.rack=r7', 'a path in the metadata; metadata."a name":x for a name with spaces'],
  ['lease=permanent', 'the record has no lease'],
] as const;

/** A short description of filters, over the list. */
export function FilterHelp<T>({ fields }: { readonly fields: FieldSet<T> }) {
  const rows = fields.metadata ? [...syntax, ...metadataSyntax] : syntax;
  return (
    <Disclosure class="filter-help" name="Help">
      <p>All terms must hold. Names and headings of columns are fields:</p>
      <p>{fieldNames(fields).join(', ')}</p>
      <dl>
        {rows.map(([example, meaning]) => (
          <div key={example}>
            <dt>
              <code>{example}</code>
            </dt>
            <dd>{meaning}</dd>
          </div>
        ))}
      </dl>
    </Disclosure>
  );
}
