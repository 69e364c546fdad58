/** How long what signs until now stays valid beside what takes its place. */
import { type FormDraft, SelectField } from './form.tsx';

export const overlapLabels = { overlapSeconds: 'The old one ends' };

export function OverlapField({ draft }: { draft?: FormDraft | undefined }) {
  return (
    <SelectField
      name="overlapSeconds"
      label={overlapLabels.overlapSeconds}
      value={draft?.value('overlapSeconds') ?? '86400'}
      error={draft?.errors.get('overlapSeconds')}
      options={[
        { value: '0', label: 'at once' },
        { value: '3600', label: 'in 1 h' },
        { value: '86400', label: 'in 1 day' },
        { value: '604800', label: 'in 7 days' },
        { value: '2592000', label: 'in 30 days' },
      ]}
    />
  );
}
