/** A reader of GetContainerEvents that keeps all it is told. */
import type { CriClient } from "../../src/client/cri-client.ts";
import type { ContainerEventResponse } from "../../src/cri/messages.ts";

export class EventReader {
  readonly events: ContainerEventResponse[] = [];
  /** Rejects with the error that ends the stream; resolves when it ends without one. */
  readonly ended: Promise<void>;
  readonly #stopping = new AbortController();

  private constructor(client: CriClient, began: (begun: Promise<void>) => void) {
    const stream = client.runtime.GetContainerEvents({}, { signal: this.#stopping.signal });
    began(stream.begun);
    this.ended = (async () => {
      for await (const event of stream) this.events.push(event);
    })();
    this.ended.catch(() => {});
  }

  /** Answers when the daemon hears it: what happens from then on is told. */
  static async open(client: CriClient): Promise<EventReader> {
    let begun = Promise.resolve();
    const reader = new EventReader(client, (promise) => (begun = promise));
    await begun;
    return reader;
  }

  /** What happened to a container or a pod: CREATED, STARTED, STOPPED, DELETED. */
  typesOf(id: string): string[] {
    const own = this.events.filter(({ containerId }) => containerId === id);
    return own.map(({ containerEventType: type }) => type.replace(/CONTAINER_|_EVENT/g, ""));
  }

  [Symbol.dispose](): void {
    this.#stopping.abort();
  }
}
