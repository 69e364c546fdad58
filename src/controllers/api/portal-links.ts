/** /api/v1/portal-links and /api/v1/portal-settings: what a tenant's own customers get to see. */
import { Elysia } from 'elysia';
import type { PortalLinkId } from '../../domain/ids.ts';
import { createPortalLink } from '../../usecases/portal/create-link.ts';
import { listPortalLinks } from '../../usecases/portal/list-links.ts';
import { revokePortalLink } from '../../usecases/portal/revoke-link.ts';
import {
  newPortalLink,
  portalLinkInput,
  portalLinkListQuery,
  portalLinkPage,
  portalSettings,
  portalSettingsInput,
  portalSettingsQuery,
} from '../../usecases/portal/schemas.ts';
import { findSettings, updateSettings } from '../../usecases/portal/settings.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<PortalLinkId>('portal link');

export function portalRoutes(identify: Identify) {
  return new Elysia().use(linkRoutes(identify)).use(settingsRoutes(identify));
}

function linkRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/portal-links', tags: ['Portal'] })
    .get(
      '',
      ...operation(
        {
          id: 'listPortalLinks',
          summary: 'List portal links',
          description: 'Those that hold, newest first.',
          query: portalLinkListQuery,
          status: 200,
          answer: portalLinkPage,
        },
        ({ ctx, query }) => listPortalLinks(ctx, query),
      ),
    )
    .post(
      '',
      ...operation(
        {
          id: 'createPortalLink',
          summary: 'Make a portal link',
          description:
            'With it, a customer of yours sees and manages the endpoints that have its ' +
            '`customer`, and their deliveries.',
          body: portalLinkInput,
          status: 201,
          answer: newPortalLink,
          examples: { body: { customer: 'customer-42', expiresInSeconds: 3_600 } },
        },
        ({ ctx, body }) => createPortalLink(ctx, body),
      ),
    )
    .delete(
      '/:id',
      ...operation(
        { id: 'revokePortalLink', summary: 'Revoke a portal link', item, status: 204 },
        ({ ctx, id }) => revokePortalLink(ctx, id),
      ),
    );
}

function settingsRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/portal-settings', tags: ['Portal'] })
    .get(
      '',
      ...operation(
        {
          id: 'getPortalSettings',
          summary: 'Get how a portal looks',
          query: portalSettingsQuery,
          status: 200,
          answer: portalSettings,
        },
        ({ ctx, query }) => findSettings(ctx, query),
      ),
    )
    .patch(
      '',
      ...operation(
        {
          id: 'updatePortalSettings',
          summary: 'Change how a portal looks',
          description: 'A colour that cannot be read is refused with the nearest that can.',
          body: portalSettingsInput,
          status: 200,
          answer: portalSettings,
          examples: {
            body: { name: 'Acme', color: '#2559bf', frameOrigins: ['https://app.example.com'] },
          },
        },
        ({ ctx, body }) => updateSettings(ctx, body),
      ),
    );
}
