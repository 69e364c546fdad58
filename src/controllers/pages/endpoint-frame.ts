/** What the pages of one endpoint share: finding it in this project, and its head. */
import { formatCount } from '../../../views/components/format.ts';
import type { ConfirmProps, EndpointHeadProps } from '../../../views/endpoint-head.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { endpointStateOf } from '../../domain/endpoint-states.ts';
import type { EndpointId } from '../../domain/ids.ts';
import { findEndpoint } from '../../usecases/endpoints/find-endpoint.ts';
import type { Endpoint } from '../../usecases/endpoints/schemas.ts';
import { notFoundHere } from '../problem.ts';
import { endpointName } from './endpoint-words.ts';
import { mayChangeEndpoints } from './endpoints.ts';
import type { ProjectCall, View } from './page.ts';

export type EndpointCall = ProjectCall & { id: EndpointId };
export type EndpointTab = 'health' | 'settings' | 'signing';

/** An endpoint of another project has no page in this one. */
export async function findHere({ ctx, id, project }: EndpointCall): Promise<Endpoint> {
  const endpoint = await findEndpoint(ctx, id);
  if (endpoint.projectId !== project.id) throw notFoundHere();
  return endpoint;
}

export function endpointPath({ place, id }: EndpointCall, path = ''): string {
  return projectPath(place, `/endpoints/${id}${path}`);
}

export function endpointFrame(
  call: EndpointCall,
  title: string,
  ...above: View['crumbs'][number][]
) {
  const list = { name: 'Endpoints', href: projectPath(call.place, '/endpoints') };
  return { title, nav: 'endpoints', crumbs: [list, ...above] } as const;
}

export type Waiting = { count: number; more: boolean };

export function headOf(
  call: EndpointCall,
  endpoint: Endpoint,
  tab: EndpointTab,
  pending: Waiting,
): EndpointHeadProps {
  const path = endpointPath(call);
  const deliveries = projectPath(call.place, `/deliveries?endpoint=${endpoint.id}`);
  const name = endpointName(endpoint);
  const state = endpointStateOf(endpoint);
  return {
    ...{ name, path, state, url: endpoint.url },
    replayHref: projectPath(call.place, `/replays/new?endpoint=${endpoint.id}`),
    mayChange: mayChangeEndpoints(call),
    tabs: [
      { label: 'Health', href: path, current: tab === 'health' },
      { label: 'Deliveries', href: deliveries, current: false },
      { label: 'Settings', href: `${path}/settings`, current: tab === 'settings' },
      { label: 'Signing', href: `${path}/signing`, current: tab === 'signing' },
    ],
    disable: disabling(name, pending),
  };
}

/** "1 204 waiting deliveries", "1 waiting delivery"; empty for none. */
export function waitingWords({ count, more }: Waiting): string {
  if (count === 0) return '';
  const words = count === 1 ? 'waiting delivery' : 'waiting deliveries';
  return `${more ? 'more than ' : ''}${formatCount(count)} ${words}`;
}

export function disabling(name: string, pending: Waiting): ConfirmProps {
  const waiting = waitingWords(pending);
  const cancels = waiting === '' ? '' : ` and cancel ${waiting}`;
  return {
    title: `Disable ${name}${cancels}`,
    text: 'Nothing is sent any more; what comes is recorded as cancelled. It can be enabled again, and a replay then sends what was cancelled.',
    submit: `Disable${cancels}`,
  };
}

export function deleting(name: string, pending: Waiting): ConfirmProps {
  const waiting = waitingWords(pending);
  const cancels = waiting === '' ? '' : ` and cancel ${waiting}`;
  return {
    title: `Delete ${name}${cancels}`,
    text: 'It cannot be undone: the address, its settings and its secrets go now. Deliveries stay readable for as long as they are kept.',
    submit: `Delete${cancels}`,
  };
}
