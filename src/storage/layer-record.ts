/** What the database knows of a layer. */

export interface LayerRecord {
  chainId: string;
  /** Digest of the uncompressed archive, and of the blob it came in. */
  diffId: string;
  digest: string;
  /** Name of the layer's folder: short, so that many fit in one page of mount options. */
  folder: string;
  /** What it takes on disk. */
  bytes: number;
  inodes: number;
  /** Whether nothing below it is seen. */
  opaque: boolean;
  /**
   * The boot in which it was unpacked, as long as it may not be on disk yet. In that boot the page cache has it,
   * whatever happens to the daemon; in another one it does not count.
   */
  unsyncedBoot?: string;
}

export function isLayerRecord(record: unknown): record is LayerRecord {
  const { chainId, diffId, digest, folder, bytes, inodes, opaque } = record as Partial<LayerRecord>;
  return (
    [chainId, diffId, digest].every((field) => typeof field === "string" && field.includes(":")) &&
    typeof folder === "string" &&
    /^[0-9a-z]+$/.test(folder) &&
    Number.isSafeInteger(bytes) &&
    Number.isSafeInteger(inodes) &&
    typeof opaque === "boolean"
  );
}
