/** /t/{tenant}/p/{project}/deliveries: the list, and what is done with several of it. */
import { Elysia } from 'elysia';
import { z } from 'zod';
import { CancelDeliveries } from '../../../views/cancel-deliveries.tsx';
import type { Toast } from '../../../views/components/toast.tsx';
import { projectPath } from '../../../views/navigation.ts';
import { notFound } from '../../domain/errors.ts';
import { type DeliveryId, isUuid } from '../../domain/ids.ts';
import {
  type ChangedDeliveries,
  changeDeliveries,
  changedMax,
} from '../../usecases/deliveries/change-deliveries.ts';
import { describeDeliveries } from '../../usecases/deliveries/describe-deliveries.ts';
import { findDelivery } from '../../usecases/deliveries/find-delivery.ts';
import { readQuery } from '../api/request-input.ts';
import { deliveryListFile, deliveryListPage, deliveryListView } from './delivery-list.ts';
import { toDeliveryRow } from './delivery-rows.ts';
import { severalTexts } from './form.ts';
import { createPages, type PageDeps, type ProjectCall, type View } from './page.ts';

export const tickedForm = z.strictObject({
  id: severalTexts.pipe(
    z
      .array(z.string().refine(isUuid, 'must be the id of a delivery'))
      .min(1, 'Tick a delivery first.')
      .max(changedMax, `At most ${changedMax} at once.`)
      // Safe because what they are ids of is for the queries to find.
      .transform((ids) => ids as DeliveryId[]),
  ),
});

export function deliveryPages(deps: PageDeps) {
  const { project } = createPages(deps);
  return new Elysia({ prefix: '/t/:tenant/p/:project/deliveries' })
    .get(
      '',
      ...project.view({ query: deliveryListPage }, (call) => deliveryListView(call, call.query)),
    )
    .post(
      '',
      ...project.action(
        {
          form: tickedForm,
          refused: async (call, draft) => {
            const asked = readQuery(call.request, deliveryListPage);
            const words = [...draft.errors.values(), ...draft.notices].join(' ');
            return deliveryListView(call, asked, words);
          },
        },
        async (call) => {
          const changed = await changeDeliveries(call.ctx, call.form.id, 'retry');
          const { search } = new URL(call.request.url);
          const goTo = projectPath(call.place, `/deliveries${search}`);
          return { goTo, toast: toastOf(changed, 'retried') };
        },
      ),
    )
    .get(
      '/export',
      ...project.answer({ query: deliveryListPage }, (call) => deliveryListFile(call, call.query)),
    )
    .get('/cancel', ...project.view({}, (call) => cancelView(call)))
    .post(
      '/cancel',
      ...project.action({ form: tickedForm }, async (call) => {
        const { id: ids } = call.form;
        const changed = await changeDeliveries(call.ctx, ids, 'cancel');
        const path = ids.length === 1 ? `/deliveries/${ids[0]}` : '/deliveries';
        return { goTo: projectPath(call.place, path), toast: toastOf(changed, 'cancelled') };
      }),
    );
}

export function toastOf({ done, refused }: ChangedDeliveries, word: string): Toast {
  const title = `${done} ${done === 1 ? 'delivery' : 'deliveries'} ${word}`;
  const [first] = refused;
  if (first === undefined) return { tone: 'ok', title };
  const text = `${refused.length} could not be: ${first}`;
  return { tone: done === 0 ? 'bad' : 'ok', title, text };
}

/** Before they are cancelled: which, and how many of them still can be. */
async function cancelView(call: ProjectCall): Promise<View> {
  const given = new URL(call.request.url).searchParams.getAll('id').slice(0, changedMax);
  const deliveries = await Promise.all(
    given.filter(isUuid).map(async (id) => {
      // Safe because what it is an id of is for the query to find.
      const delivery = await findDelivery(call.ctx, id as DeliveryId);
      if (delivery.projectId !== call.project.id) throw notFound('delivery', id);
      return delivery;
    }),
  );
  const described = await describeDeliveries(call.ctx, deliveries);
  const rows = described.map((one) => toDeliveryRow(call, one));
  const list = projectPath(call.place, '/deliveries');
  const props = {
    rows: rows.filter((row) => row.completedAt === null),
    endedCount: rows.filter((row) => row.completedAt !== null).length,
    action: `${list}/cancel`,
    backHref: list,
    nowMs: call.nowMs,
  };
  return {
    title: 'Cancel deliveries',
    nav: 'deliveries',
    crumbs: [{ name: 'Deliveries', href: list }],
    body: () => CancelDeliveries(props),
  };
}
