/** ImageFsInfo. */
import type { FilesystemUsage, ImageFsInfoRequest, ImageFsInfoResponse } from "../cri/messages.ts";
import type { ImageServiceContext } from "./context.ts";

/** What images take on disk, by accounting. Containers' writable layers lie in the same filesystem. */
export async function imageFsInfo(
  { storage }: ImageServiceContext,
  _request: ImageFsInfoRequest,
): Promise<ImageFsInfoResponse> {
  const { bytes, inodes } = storage.usage();
  const usage: FilesystemUsage = {
    timestamp: `${BigInt(Date.now()) * 1_000_000n}`,
    fsId: { mountpoint: storage.root },
    usedBytes: { value: bytes },
    inodesUsed: { value: inodes },
  };
  return { imageFilesystems: [usage], containerFilesystems: [usage] };
}
