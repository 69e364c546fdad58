/** /api/v1/projects */
import { Elysia } from 'elysia';
import type { ProjectId } from '../../domain/ids.ts';
import { createProject } from '../../usecases/projects/create-project.ts';
import { deleteProject } from '../../usecases/projects/delete-project.ts';
import { findProject } from '../../usecases/projects/find-project.ts';
import { listProjects } from '../../usecases/projects/list-projects.ts';
import {
  project,
  projectChanges,
  projectInput,
  projectListQuery,
  projectPage,
} from '../../usecases/projects/schemas.ts';
import { updateProject } from '../../usecases/projects/update-project.ts';
import type { Identify } from '../authenticate.ts';
import { createOperations, thing } from './operation.ts';

const item = thing<ProjectId>('project');

export function projectRoutes(identify: Identify) {
  const operation = createOperations(identify);
  return new Elysia({ prefix: '/projects', tags: ['Projects'] })
    .get(
      '',
      ...operation(
        {
          id: 'listProjects',
          summary: 'List projects',
          description: 'A key that is bound to a project sees that one.',
          query: projectListQuery,
          status: 200,
          answer: projectPage,
        },
        ({ ctx, query }) => listProjects(ctx, query),
      ),
    )
    .post(
      '',
      ...operation(
        {
          id: 'createProject',
          summary: 'Make a project',
          body: projectInput,
          status: 201,
          answer: project,
          conflict: 'Too many projects have such a name.',
          examples: { body: { name: 'Billing' } },
        },
        ({ ctx, body }) => createProject(ctx, body),
      ),
    )
    .get(
      '/:id',
      ...operation(
        { id: 'getProject', summary: 'Get a project', item, status: 200, answer: project },
        ({ ctx, id }) => findProject(ctx, id),
      ),
    )
    .patch(
      '/:id',
      ...operation(
        {
          id: 'updateProject',
          summary: 'Rename a project',
          item,
          body: projectChanges,
          status: 200,
          answer: project,
          examples: { body: { name: 'Invoices' } },
        },
        ({ ctx, id, body }) => updateProject(ctx, id, body),
      ),
    )
    .delete(
      '/:id',
      ...operation(
        {
          id: 'deleteProject',
          summary: 'Delete a project',
          description:
            'Revokes its API keys. Its events and deliveries stay until their retention.',
          item,
          status: 204,
          conflict: 'It still has endpoints or monitors.',
        },
        ({ ctx, id }) => deleteProject(ctx, id),
      ),
    );
}
