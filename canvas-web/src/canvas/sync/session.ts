import * as Y from 'yjs';
import { noteUnsaved } from './copies';
import { LocalCopy } from './offline';
import { Presence } from './presence';
import { type ProviderOptions, SyncProvider } from './provider';

export interface SessionOptions {
  user: string;
  canvas: string;
  findOut: ProviderOptions['findOut'];
}

export const syncUrl = (canvas: string): URL => {
  const url = new URL(`/api/v1/canvases/${canvas}/sync?acks=1`, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  return url;
};

/** An open canvas: its document, its copy in this browser, the connection, and who is there. */
export class CanvasSession {
  readonly doc: Y.Doc;
  readonly provider: SyncProvider;
  readonly presence: Presence;
  private stopped = false;

  private constructor(
    doc: Y.Doc,
    /** Null when this browser keeps nothing, so that what is not sent is lost with the page. */
    readonly local: LocalCopy | null,
    options: SessionOptions,
  ) {
    this.doc = doc;
    this.provider = new SyncProvider(doc, {
      url: syncUrl(options.canvas),
      carried: local?.carried,
      findOut: options.findOut,
      onPresence: (update) => this.presence.receive(update),
      onOpen: () => this.presence.opened(),
      onClosed: () => this.presence.closed(),
    });
    this.presence = new Presence(doc, (message) => this.provider.sendPresence(message));
    this.provider.subscribe(this.onStatus);
    window.addEventListener('beforeunload', this.onLeave);
    this.provider.start();
  }

  /** Opens the copy of this browser first, so that there is something to see, and to work on without a connection. */
  static async open(options: SessionOptions, aborted: () => boolean): Promise<CanvasSession | null> {
    const doc = new Y.Doc();
    const local = await LocalCopy.open(options.user, options.canvas, doc).catch(() => null);
    if (aborted()) {
      await local?.close();
      doc.destroy();
      return null;
    }
    return new CanvasSession(doc, local, options);
  }

  /** The copy in this browser is not wanted any more: the canvas is gone, or the copy is refused. */
  async discard() {
    this.stop();
    await this.local?.forget();
  }

  stop() {
    if (this.stopped) {
      return;
    }
    this.stopped = true;
    window.removeEventListener('beforeunload', this.onLeave);
    this.presence.stop();
    this.provider.stop();
    void this.local?.close();
    this.doc.destroy();
    noteUnsaved(0);
  }

  private readonly onStatus = () => {
    const { unsaved } = this.provider.status;
    this.local?.unsaved(unsaved);
    noteUnsaved(unsaved);
  };

  private readonly onLeave = (event: BeforeUnloadEvent) => {
    if (this.local === null && this.provider.status.unsaved > 0) {
      event.preventDefault();
    }
  };
}
