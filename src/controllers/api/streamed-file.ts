/** A file that is written page by page as it is read, so that neither side holds all of it. */

export type StreamedFile<Page> = {
  /** Of our own making: it stands in a header as it is. */
  name: string;
  type: string;
  /** What comes before the first page; may be empty. */
  head: string;
  /** Each is asked for when the client has taken the last; one that leaves ends the reading. */
  pages: AsyncGenerator<Page, void, undefined>;
  write(page: Page): string;
};

export function streamedFile<Page>(file: StreamedFile<Page>): Response {
  return new Response(streamOf(file), {
    headers: {
      'content-type': file.type,
      'content-disposition': `attachment; filename="${file.name}"`,
    },
  });
}

function streamOf<Page>({ head, pages, write }: StreamedFile<Page>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(controller) {
      if (head !== '') controller.enqueue(encoder.encode(head));
    },
    async pull(controller) {
      const next = await pages.next();
      if (next.done) controller.close();
      else controller.enqueue(encoder.encode(write(next.value)));
    },
    async cancel() {
      await pages.return();
    },
  });
}
