/** Pictures that lie on the canvas, loaded when first looked at. */
export class Pictures {
  private readonly known = new Map<string, { image: HTMLImageElement; ready: boolean; failed: boolean }>();

  constructor(
    readonly address: (file: string) => string,
    private readonly onReady: () => void,
  ) {}

  /** The picture when it is here. Asks for it when it is not. */
  get(file: string): HTMLImageElement | undefined {
    const before = this.known.get(file);
    if (before) {
      return before.ready ? before.image : undefined;
    }
    const image = new Image();
    const made = { image, ready: false, failed: false };
    this.known.set(file, made);
    image.decoding = 'async';
    image.onload = () => {
      made.ready = image.naturalWidth > 0;
      this.onReady();
    };
    image.onerror = () => {
      made.failed = true;
    };
    image.src = this.address(file);
    return undefined;
  }

  /** Waits until these are here or have failed. */
  async all(files: Iterable<string>): Promise<void> {
    await Promise.all(
      [...new Set(files)].map(async (file) => {
        this.get(file);
        await this.known
          .get(file)
          ?.image.decode()
          .catch(() => undefined);
      }),
    );
  }
}
