import assert from "node:assert/strict";
import { test } from "node:test";
import { loadCri } from "../cri/proto.ts";
import type { ImageRecord } from "../storage/image-record.ts";
import { ImageEntries } from "./image-entries.ts";
import { pinning } from "./pinned-images.ts";

const digest = `sha256:${"d".repeat(64)}`;

function record(id: string, repoTags: string[], repoDigests: string[] = []): ImageRecord {
  const config = { architecture: "", os: "", config: {}, rootfs: { type: "layers" as const, diff_ids: [] } };
  const spec = { image: "", annotations: {}, userSpecifiedImage: "", runtimeHandler: "", imageRef: "" };
  return {
    id,
    repoTags,
    repoDigests,
    size: 1,
    config,
    manifest: "{}",
    manifestDigest: digest,
    layers: [],
    spec,
  };
}

const pause = record("sha256:1", ["registry.k8s.io/pause:3.10.1"]);
const app = record("sha256:2", ["quay.io/team/app:v1", "quay.io/team/app:v2"]);
const bare = record("sha256:3", [], [`docker.io/library/tool@${digest}`]);
const all = [pause, app, bare];
const images = { find: (name: string) => all.find(({ repoTags }) => repoTags.includes(name)) };

function pinnedBy(...pinnedImages: string[]): string[] {
  const isPinned = pinning(images, { pauseImage: "registry.k8s.io/pause:3.10.1", pinnedImages });
  return all.filter(isPinned).map(({ id }) => id.slice(7));
}

test("the pause image is pinned, and what is named exactly, by its start or by a part", () => {
  const table: [patterns: string[], pinned: string[]][] = [
    [[], ["1"]],
    [["quay.io/team/app:v2"], ["1", "2"]],
    [["quay.io/team/app"], ["1"]],
    [["quay.io/team/*"], ["1", "2"]],
    [["team/*"], ["1"]],
    [["*team*"], ["1", "2"]],
    [[`docker.io/library/tool@${digest}`], ["1", "3"]],
    [
      ["*library/tool*", "*app:v1*"],
      ["1", "2", "3"],
    ],
    [["*.io/team.app*"], ["1"]],
    [["*"], ["1", "2", "3"]],
  ];
  for (const [patterns, pinned] of table) assert.deepEqual(pinnedBy(...patterns), pinned, String(patterns));
});

test("entries that are kept change with what is pinned", () => {
  const { ListImages } = loadCri().ImageService;
  const settings = { pauseImage: "none", pinnedImages: [] as string[] };
  const entries = new ImageEntries(ListImages.responseSerialize, () => pinning(images, settings));
  const pinned = () =>
    (ListImages.responseDeserialize(entries.encoded([app])).images ?? []).map((image) => image.pinned);
  assert.deepEqual(pinned(), [false]);
  settings.pinnedImages = ["quay.io/*"];
  assert.deepEqual(pinned(), [true]);
  settings.pinnedImages = [];
  assert.deepEqual(pinned(), [false]);
});
