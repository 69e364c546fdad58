/** /t/{tenant}/p/{project}/portal: how customers' pages look, and the links that lead to them. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { emptyDraft, type FormDraft } from '../../../views/components/form.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { PortalSettings, RevokeLink } from '../../../views/portal-settings.tsx';
import { colorInTheDark } from '../../domain/brand-color.ts';
import { brandStyles } from '../../domain/brand-styles.ts';
import type { PortalLinkId, ProjectId } from '../../domain/ids.ts';
import { scopesOf } from '../../domain/roles.ts';
import { allows } from '../../domain/scopes.ts';
import { createPortalLink } from '../../usecases/portal/create-link.ts';
import { listPortalLinks } from '../../usecases/portal/list-links.ts';
import { revokePortalLink } from '../../usecases/portal/revoke-link.ts';
import {
  type NewPortalLink,
  portalLinkInput,
  portalSettingsInput,
} from '../../usecases/portal/schemas.ts';
import { findSettings, updateSettings } from '../../usecases/portal/settings.ts';
import { thing } from '../api/operation.ts';
import { notFoundHere } from '../problem.ts';
import { stylesResponse } from './answers.ts';
import { asInputOf } from './form.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';

/** They end within a week, so that no more are looked through; the API pages through all. */
const linksMax = 100;
const noQuery = z.strictObject({});
const item = thing<PortalLinkId>('portal link');
type LinkCall = ProjectCall & { id: PortalLinkId };

const linkForm = z
  .strictObject({
    customer: z.string().default(''),
    expiresInSeconds: z.coerce.number(),
    permission: z.enum(['read', 'write']),
  })
  .transform(({ permission, customer, ...rest }) =>
    asInputOf<typeof portalLinkInput>({
      ...rest,
      customer: customer.trim(),
      permissions: permission === 'write' ? ['read', 'write'] : ['read'],
    }),
  )
  .pipe(portalLinkInput);

/** What is empty is not set. */
const optional = z
  .string()
  .default('')
  .transform((text) => text.trim() || null);
const lookForm = z
  .strictObject({
    ...{ name: optional, color: optional, darkColor: optional },
    frameOrigins: z
      .string()
      .default('')
      .transform((text) => text.split(/\s+/).filter((word) => word !== '')),
  })
  .transform((values) => asInputOf<typeof portalSettingsInput>(values))
  .pipe(portalSettingsInput);

export function portalSettingPages(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/p/:project/portal' })
    .get('', ...project.view({ query: noQuery }, (call) => settingsView(call)))
    .get('/brand.css', ...project.answer({}, previewStyles))
    .post(
      '/look',
      ...project.action(
        { form: lookForm, refused: (call, look) => settingsView(call, { look }) },
        async (call) => {
          await updateSettings(call.ctx, { ...call.form, projectId: projectIdOf(call) });
          return { goTo: pathOf(call), toast: { tone: 'ok', title: 'Portal saved' } };
        },
      ),
    )
    .post(
      '/links',
      ...project.action(
        { form: linkForm, refused: (call, link) => settingsView(call, { link }) },
        async (call) => {
          const input = { ...call.form, projectId: projectIdOf(call) };
          const made = await createPortalLink(call.ctx, input);
          return { view: await settingsView(call, { made }) };
        },
      ),
    )
    .get('/links/:id/revoke', ...project.view({ item }, revokeView))
    .post(
      '/links/:id/revoke',
      ...project.action({ item }, async (call) => {
        await revokePortalLink(call.ctx, call.id);
        return { goTo: pathOf(call), toast: { tone: 'ok', title: 'Link revoked' } };
      }),
    );
}

// Safe because the use case found the project by this id.
const projectIdOf = ({ project }: ProjectCall) => project.id as ProjectId;

const pathOf = ({ place }: ProjectCall, below = '') => projectPath(place, `/portal${below}`);

async function previewStyles(call: ProjectCall): Promise<Response> {
  const { color, darkColor } = await findSettings(call.ctx, { projectId: projectIdOf(call) });
  const colors = { color, darkColor: colorInTheDark({ color, darkColor }) };
  return stylesResponse(brandStyles(colors, 'preview'));
}

type Shown = { look?: FormDraft; link?: FormDraft; made?: NewPortalLink };

async function settingsView(call: ProjectCall, shown: Shown = {}): Promise<View> {
  const { ctx, nowMs, tenant, project } = call;
  const projectId = projectIdOf(call);
  const [settings, links] = await Promise.all([
    findSettings(ctx, { projectId }),
    listPortalLinks(ctx, { projectId, limit: linksMax }),
  ]);
  const { made, look = emptyDraft, link = emptyDraft } = shown;
  const props = {
    ...{ look, link, nowMs, settings },
    path: pathOf(call),
    projectName: project.name,
    mayWrite: allows(scopesOf(tenant.role), 'portal-links:write'),
    darkColor: colorInTheDark(settings),
    made: made === undefined ? null : { customer: made.customer, url: made.url },
    links: links.data.map(({ id, customer, permissions, createdAt, expiresAt }) => ({
      ...{ customer, createdAt, expiresAt },
      mayWrite: permissions.includes('write'),
      revokeHref: pathOf(call, `/links/${id}/revoke`),
    })),
    more: links.nextCursor !== null,
  };
  return { title: 'Portal', nav: 'portal', crumbs: [], body: () => PortalSettings(props) };
}

async function revokeView(call: LinkCall): Promise<View> {
  const { data } = await listPortalLinks(call.ctx, {
    projectId: projectIdOf(call),
    limit: linksMax,
  });
  const link = data.find(({ id }) => id === call.id);
  if (link === undefined) throw notFoundHere();
  const props = {
    customer: link.customer,
    action: pathOf(call, `/links/${call.id}/revoke`),
    cancelHref: pathOf(call),
  };
  return {
    title: 'Revoke',
    nav: 'portal',
    crumbs: [{ name: 'Portal', href: props.cancelHref }],
    body: () => RevokeLink(props),
  };
}
