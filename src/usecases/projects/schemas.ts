/** What clients send and see of projects; HTTP, pages and the command line share it. */
import { z } from 'zod';
import type { ProjectId } from '../../domain/ids.ts';
import { id, listParameters, moment, pageOf, storableString } from '../schemas.ts';

export const projectInput = z
  .strictObject({
    name: storableString(1, 200).describe('The slug is made from it, once.'),
  })
  .meta({ id: 'ProjectInput' });
export type ProjectInput = z.output<typeof projectInput>;

export const projectChanges = z
  .strictObject({
    name: storableString(1, 200).optional().describe('The slug stays as it is: it stands in URLs.'),
  })
  .meta({ id: 'ProjectChanges' });
export type ProjectChanges = z.output<typeof projectChanges>;

export const projectListQuery = z.strictObject(listParameters<ProjectId>());
export type ProjectListQuery = z.output<typeof projectListQuery>;

export const project = z
  .object({ id, name: z.string(), slug: z.string(), createdAt: moment })
  .meta({ id: 'Project' });
export type Project = z.infer<typeof project>;

export const projectPage = pageOf(project).meta({ id: 'ProjectPage' });
