/** The feeds of this process, one for each project that somebody watches. */
import type { ProjectId } from '../../domain/ids.ts';
import { newsKinds } from '../../domain/news.ts';
import type { Place } from './hub.ts';
import { LiveFeed, type LiveFeedDeps, type Viewer } from './live-feed.ts';

export type LiveFeeds = {
  /** The caller has made sure that the project is the tenant's. Answers how to leave. */
  attach(place: Place, viewer: Viewer): () => void;
  /** Whether somebody watches it already, so that it is known to be the tenant's. */
  isWatched(place: Place): boolean;
};

export function createLiveFeeds(deps: LiveFeedDeps): LiveFeeds {
  const feeds = new Map<ProjectId, { feed: LiveFeed; unsubscribe: () => void }>();

  function open(place: Place) {
    const known = feeds.get(place.projectId);
    if (known !== undefined) return known;
    const feed = new LiveFeed(deps, place);
    const unsubscribe = deps.hub.subscribe(place, newsKinds, (news) => feed.onNews(news));
    const opened = { feed, unsubscribe };
    feeds.set(place.projectId, opened);
    return opened;
  }

  return {
    isWatched({ tenantId, projectId }) {
      return feeds.get(projectId)?.feed.place.tenantId === tenantId;
    },
    attach(place, viewer) {
      const { feed, unsubscribe } = open(place);
      const leave = feed.add(viewer);
      return () => {
        leave();
        if (feed.size > 0 || feeds.get(place.projectId)?.feed !== feed) return;
        unsubscribe();
        feeds.delete(place.projectId);
      };
    },
  };
}
