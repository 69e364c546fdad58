/**
 * A visit of a portal link. The token stands in the path of every URL, `/portal/{token}/…`, and
 * never in a cookie: browsers keep cookies of a frame's origin from it (docs/decisions/0016). No
 * referrer carries it on, no cache keeps it, and only the listed origins may frame it.
 */
import { frameAncestors } from '../domain/portal.ts';
import type {
  PortalLook,
  PortalVisit,
  PortalVisitors,
} from '../usecases/portal/identify-visitor.ts';
import { originOf } from './identify-person.ts';

export type IdentifyPortal = (request: Request) => Promise<PortalVisit>;
/** As a directive of the policy: for what a link that is over answers. */
export type FindPortalFrames = (request: Request) => Promise<string>;

const portalPath = /^\/portal\/([^/]+)/;

const tokenOf = (request: Request) => portalPath.exec(new URL(request.url).pathname)?.[1] ?? '';

export function createIdentifyPortal(visitors: Pick<PortalVisitors, 'identify'>): IdentifyPortal {
  return (request) => visitors.identify(tokenOf(request), originOf(request));
}

export function createFindPortalFrames(
  visitors: Pick<PortalVisitors, 'listFrameOrigins'>,
): FindPortalFrames {
  return async (request) => frameAncestors(await visitors.listFrameOrigins(tokenOf(request)));
}

/** For a Content-Security-Policy, in the place of one that lets nobody frame the page. */
export function portalFramePolicy(look: PortalLook): string {
  return frameAncestors(look.frameOrigins);
}
