/** How the fields of a form become values, and where its errors are shown. */
import { expect, test } from 'bun:test';
import { z } from 'zod';
import {
  checked,
  draftOf,
  numberText,
  parseForm,
  readForm,
  severalTexts,
} from '../../../src/controllers/pages/form.ts';
import { AppError } from '../../../src/domain/errors.ts';

const schema = z.strictObject({ limit: numberText, on: checked, types: severalTexts });

function formOf(text: string): Promise<ReturnType<typeof parseForm<typeof schema>>> {
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const request = new Request('http://a.example/', { method: 'POST', body: text, headers });
  return readForm(request).then((values) => parseForm(values, schema));
}

test('fields that are empty, off or left out have values of their own', async () => {
  expect(await formOf('limit=')).toEqual({ limit: undefined, on: false, types: [] });
  expect(await formOf('limit=1.5&on=on&types=a')).toEqual({ limit: 1.5, on: true, types: ['a'] });
  expect((await formOf('types=a&types=b&types=c')).types).toEqual(['a', 'b', 'c']);
});

test('a number that is none, and a field that nobody asked for, are refused', async () => {
  const [number, unknown] = await Promise.allSettled([formOf('limit=ten'), formOf('other=1')]);
  expect(number).toMatchObject({ reason: { fields: [{ message: 'must be a number' }] } });
  expect(unknown.status).toBe('rejected');
});

test('an error stands at its field, at the one it is part of, or in the notice', () => {
  const fields = [
    { path: 'name', message: 'is empty' },
    { path: 'headers.2.value', message: 'is too long' },
    { path: 'projectId', message: 'is missing' },
  ];
  const draft = draftOf(
    { name: '', headers: ['a', 'b'] },
    new AppError('invalid', 'No.', { fields }),
  );
  expect(draft.errors.get('name')).toBe('is empty');
  expect(draft.errors.get('headers')).toBe('2.value is too long');
  expect(draft.notices).toEqual(['projectId: is missing']);
  expect(draft.values('headers')).toEqual(['a', 'b']);
  const conflict = draftOf({ name: 'a' }, new AppError('conflict', 'Taken.'));
  expect(conflict.notices).toEqual(['Taken.']);
  expect(conflict.value('name')).toBe('a');
});
