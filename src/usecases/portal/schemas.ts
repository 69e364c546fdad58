/** What clients send and see of portals; HTTP, pages and the command line share it. */
import { z } from 'zod';
import type { PortalLinkId, ProjectId } from '../../domain/ids.ts';
import { customerLengthMax } from '../endpoints/schemas.ts';
import {
  id,
  listParameters,
  moment,
  pageOf,
  projectParameter,
  storableString,
  wholeNumber,
} from '../schemas.ts';

const expiresInSecondsMin = 60;
const expiresInSecondsDefault = 3_600;
/** A link is passed on easily: who needs more makes another. */
const expiresInSecondsMax = 7 * 86_400;
/** A header that names more is near what proxies take. */
const frameOriginsMax = 20;
const originLengthMax = 255;

const permissions = z.array(z.enum(['read', 'write'], 'must be read or write'));
const customer = storableString(1, customerLengthMax);
const filter = z.record(z.string(), z.unknown(), 'must be an object of conditions, or null');

export const portalLinkInput = z
  .strictObject({
    projectId: projectParameter<ProjectId>(),
    customer: customer.describe('Whose endpoints it shows: those with this `customer`.'),
    expiresInSeconds: wholeNumber(expiresInSecondsMin, expiresInSecondsMax).default(
      expiresInSecondsDefault,
    ),
    permissions: permissions
      .refine((given) => given.includes('read'), 'must hold read')
      .default(['read', 'write'])
      .describe('`write`: to make, change and delete endpoints, see secrets, retry and cancel.'),
    filter: filter
      .nullable()
      .optional()
      .describe(
        'Of endpoints that are made through it, and not the customer’s to change. Left out: ' +
          '`{"metadata":{"customer":CUSTOMER}}`. Null: every event of the project.',
      ),
  })
  .meta({ id: 'PortalLinkInput' });
export type PortalLinkInput = z.output<typeof portalLinkInput>;

export const portalLinkListQuery = z.strictObject({
  projectId: projectParameter<ProjectId>(),
  customer: customer.optional(),
  ...listParameters<PortalLinkId>(),
});
export type PortalLinkListQuery = z.output<typeof portalLinkListQuery>;

export const portalLink = z
  .object({
    id,
    projectId: id,
    customer: z.string(),
    permissions,
    filter: filter.nullable(),
    createdAt: moment,
    expiresAt: moment,
  })
  .meta({ id: 'PortalLink' });
export type PortalLink = z.infer<typeof portalLink>;

export const newPortalLink = portalLink
  .extend({
    url: z.string().describe('Shown once. Whoever has it is the customer until it expires.'),
    token: z
      .string()
      .describe('What the URL ends with. As a bearer token the API takes it for the same things.'),
  })
  .meta({ id: 'NewPortalLink' });
export type NewPortalLink = z.infer<typeof newPortalLink>;

export const portalLinkPage = pageOf(portalLink).meta({ id: 'PortalLinkPage' });

const colorInput = z
  .string('must be a colour like #2559bf')
  .regex(/^#[0-9a-fA-F]{6}$/, 'must be a colour like #2559bf')
  .toLowerCase()
  .nullable();

const settingFields = {
  name: storableString(1, 200).nullable().describe('What its pages are called. Null: the project.'),
  color: colorInput.describe('On white, with a contrast of 4.5 at least.'),
  darkColor: colorInput.describe('In the dark; null: made from `color`.'),
  frameOrigins: z
    .array(storableString(1, originLengthMax), 'must be a list of origins')
    .max(frameOriginsMax, `must be at most ${frameOriginsMax} origins`)
    .describe('Whose pages may show the portal in a frame. None: nobody’s.'),
};

export const portalSettingsInput = z
  .strictObject({ projectId: projectParameter<ProjectId>(), ...settingFields })
  .partial({ name: true, color: true, darkColor: true, frameOrigins: true })
  .meta({ id: 'PortalSettingsInput' });
export type PortalSettingsInput = z.output<typeof portalSettingsInput>;

export const portalSettingsQuery = z.strictObject({ projectId: projectParameter<ProjectId>() });
export type PortalSettingsQuery = z.output<typeof portalSettingsQuery>;

export const portalSettings = z
  .object({
    name: z.string().nullable(),
    color: z.string().nullable(),
    darkColor: z.string().nullable(),
    frameOrigins: z.array(z.string()),
  })
  .meta({ id: 'PortalSettings' });
export type PortalSettings = z.infer<typeof portalSettings>;
