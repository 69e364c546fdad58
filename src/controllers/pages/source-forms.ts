/** The forms of sources, as the schemas of the API want them: what is empty is left out. */
import { z } from 'zod';
import { sourceChanges, sourceInput } from '../../usecases/sources/schemas.ts';
import { asInputOf, checked } from './form.ts';

const text = z
  .string()
  .optional()
  .transform((value) => (value === undefined || value.trim() === '' ? undefined : value.trim()));

/** Fields are named as the paths of the API, so that its errors find them. */
const settingFields = {
  'settings.signatureHeader': text,
  'settings.algorithm': text,
  'settings.encoding': text,
  'settings.prefix': text,
  'settings.idHeader': text,
  'settings.crc': checked,
};

const fields = { name: z.string().optional(), eventType: text, ...settingFields };

type SettingValues = { [Name in keyof typeof settingFields]: string | boolean | undefined };

/** Only of `hmac`: other kinds have no such fields, and must not be given any. */
function settingsOf(values: SettingValues) {
  const given = Object.entries(settingFields).flatMap(([name]) => {
    // Safe because the names are those of the same object.
    const value = values[name as keyof SettingValues];
    return value === undefined || value === false ? [] : [[name.replace('settings.', ''), value]];
  });
  return Object.fromEntries(given);
}

export const newSourceForm = z
  .strictObject({ ...fields, kind: z.string().optional(), secret: text })
  .transform(({ name, kind, eventType = null, secret, ...settings }) =>
    asInputOf<typeof sourceInput>({
      ...{ name, kind, eventType, secret },
      settings: settingsOf(settings),
    }),
  )
  .pipe(sourceInput);

const changes = sourceChanges.omit({ secret: true });
export const sourceForm = z
  .strictObject(fields)
  .transform(({ name = '', eventType = null, ...settings }) =>
    asInputOf<typeof changes>({ name, eventType, settings: settingsOf(settings) }),
  )
  .pipe(changes);

const secretChange = sourceChanges.pick({ secret: true, overlapSeconds: true });
export const sourceSecretForm = z
  .strictObject({ secret: text, overlapSeconds: z.coerce.number() })
  .transform((values) => asInputOf<typeof secretChange>(values))
  .pipe(secretChange);

/** What cannot be undone wants the name typed. */
export const confirmForm = z.strictObject({ confirm: z.string().default('') });
