/** Mounts of images: with a writable layer for each container, read-only as its volumes, one for all pods of an image. */
import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { status } from "@grpc/grpc-js";
import { StatusError } from "../cri/status-error.ts";
import { unmountAll } from "../linux/mount.ts";
import { makePrivateFolder } from "../linux/private-folder.ts";
import { hostId, type PinnedUserNamespace, rootOf } from "../linux/user-namespace.ts";
import { log } from "../log.ts";
import type { IdMappedLayers } from "./id-mapped-layers.ts";
import type { ImageRecord } from "./image-record.ts";
import type { Images } from "./images.ts";
import type { Layers } from "./layers.ts";
import { mountPointsBelow } from "./mount-points.ts";
import { mountOverlay } from "./overlay.ts";
import type { Removals } from "./removals.ts";

export interface RootfsOptions {
  root: string;
  /** Folder of the layers' folders. */
  layersFolder: string;
  layers: Layers;
  removals: Removals;
  idMappedLayers: IdMappedLayers;
  /** SELinux label of what all containers may read; absent where nothing is labelled. */
  readOnlyLabel?: string | undefined;
}

/** What an OCI runtime mounts in every container; it could not make them in a read-only mount. */
const SCAFFOLD_FOLDERS = ["proc", "sys", "dev", "etc", "run", "tmp"];
/** Below every read-only mount; seen from the layers' folder. */
const SCAFFOLD = "../overlay-scaffold";
/** Below every volume: an overlay takes two folders at least, and an image may have no layer. */
const EMPTY_FOLDERS = ["../overlay-empty/1", "../overlay-empty/2"];

export class Rootfs {
  readonly #options: RootfsOptions;
  readonly #containers: string;
  readonly #shared: string;
  readonly #images: () => Images;

  /** `images` is asked later: dropping an image needs this object too. */
  constructor(options: RootfsOptions, images: () => Images) {
    this.#options = options;
    this.#images = images;
    this.#containers = join(options.root, "overlay-containers");
    this.#shared = join(options.root, "overlay-shared");
    for (const folder of [this.#containers, this.#shared])
      mkdirSync(folder, { recursive: true, mode: 0o711 });
    for (const name of EMPTY_FOLDERS)
      mkdirSync(join(options.layersFolder, name), { recursive: true, mode: 0o755 });
  }

  /**
   * Mounts a container's root filesystem and returns its path: the image, and a layer of its own on top; with the files'
   * IDs mapped for one in a user namespace. The image keeps its layers until `removeRootfs`. Mounted already, it stays.
   * `label` is the files' for SELinux. Throws NOT_FOUND, LinuxError.
   */
  mountRootfs(containerId: string, imageId: string, user?: PinnedUserNamespace, label?: string): string {
    const image = this.#stored(imageId);
    const folder = join(this.#containers, containerId);
    const [upper, work, target] = ["upper", "work", "rootfs"].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    if (isMounted(folder, target)) return target;
    this.#images().use(containerId, image.id);
    try {
      makePrivateFolder(folder, rootOf(user).gid);
      const isNew = mkdirSync(upper, { recursive: true, mode: 0o755 }) !== undefined;
      for (const path of [work, target]) mkdirSync(path, { recursive: true, mode: 0o755 });
      const layers = this.#visible(image);
      if (isNew) this.#likeRootOf(layers[0], upper, user);
      this.#mount(target, layers, user, label, { upper, work });
      return target;
    } catch (error) {
      this.removeRootfs(containerId);
      throw error;
    }
  }

  /** The path that `mountRootfs` returned. */
  pathOf(containerId: string): string {
    return join(this.#containers, containerId, "rootfs");
  }

  /** The folder with what a container has written; for its accounting. */
  writableLayerOf(containerId: string): string {
    return join(this.#containers, containerId, "upper");
  }

  /**
   * Mounts an image read-only for a container, as it is but for mapped IDs, and returns the path. The image keeps its layers
   * until `removeRootfs`. Mounted already, it stays. Throws NOT_FOUND, LinuxError.
   */
  mountVolume(containerId: string, imageId: string, user?: PinnedUserNamespace): string {
    const image = this.#stored(imageId);
    const folder = this.#volumesOf(containerId);
    const target = join(folder, hexOf(image));
    mkdirSync(target, { recursive: true, mode: 0o755 });
    if (isMounted(folder, target)) return target;
    this.#images().use(containerId, image.id);
    const visible = this.#visibleLayers(image);
    const layers = [...visible, ...EMPTY_FOLDERS.slice(visible.length)];
    this.#mount(target, layers, user);
    return target;
  }

  /** Takes mounts and writable layer away, and lets go of the images. They need not be there. Throws LinuxError. */
  removeRootfs(containerId: string): void {
    const volumes = this.#volumesOf(containerId);
    if (existsSync(volumes)) for (const name of readdirSync(volumes)) unmountAll(join(volumes, name));
    this.#options.removals.removeMounted(this.pathOf(containerId), join(this.#containers, containerId));
    this.#images().disuse(containerId);
  }

  /**
   * The path of an image mounted read-only, with empty folders where a runtime mounts /proc, /sys and /dev. All users
   * share the one mount, pods in user namespaces too, so that it can be entered by anybody; `user` (a pod's id) keeps it until `releaseReadOnly`. Throws NOT_FOUND, LinuxError.
   */
  mountReadOnly(user: string, imageId: string): string {
    const image = this.#stored(imageId);
    const target = this.#sharedPath(image);
    if (!isMounted(this.#shared, target)) {
      mkdirSync(target, { recursive: true, mode: 0o700 });
      const layers = [...this.#visible(image), this.#scaffold()];
      const { layersFolder: folder, readOnlyLabel: label } = this.#options;
      mountOverlay(target, { folder, layers, powerless: true, label });
    }
    this.#images().use(user, image.id);
    return target;
  }

  /** `user` needs the mount no longer. It stays for the next as long as the image does. */
  releaseReadOnly(user: string): void {
    this.#images().disuse(user);
  }

  /** Takes the shared mount of an image away, which is about to go. */
  dropShared(image: ImageRecord): void {
    const target = this.#sharedPath(image);
    if (!existsSync(target)) return;
    unmountAll(target);
    this.#options.removals.remove(target);
  }

  /**
   * Removes mounts and folders of containers that are not among `valid`, and shared mounts of images that are gone;
   * for the start. Returns the containers' ids.
   */
  removeLeftovers(valid: ReadonlySet<string>): string[] {
    const leftovers = readdirSync(this.#containers).filter((id) => !valid.has(id));
    for (const id of leftovers) {
      log.info("removing a root filesystem that no container owns", { container_id: id });
      for (const point of mountPointsBelow(join(this.#containers, id)).reverse()) unmountAll(point);
      this.removeRootfs(id);
    }
    for (const name of readdirSync(this.#shared)) {
      const target = join(this.#shared, name);
      if (this.#images().stored(`sha256:${name}`)) continue;
      unmountAll(target);
      this.#options.removals.remove(target);
    }
    return leftovers;
  }

  #stored(imageId: string): ImageRecord {
    const image = this.#images().stored(imageId);
    if (image) return image;
    throw new StatusError(status.NOT_FOUND, `image ${JSON.stringify(imageId)} not found`);
  }

  #sharedPath(image: ImageRecord): string {
    return join(this.#shared, hexOf(image));
  }

  #volumesOf(containerId: string): string {
    return join(this.#containers, containerId, "volumes");
  }

  /** The folders of which a root filesystem is made: there is one at least. */
  #visible(image: ImageRecord): string[] {
    const visible = this.#visibleLayers(image);
    return visible.length > 0 ? visible : [this.#scaffold()];
  }

  /** Names of the layers' folders, topmost first, down to one that hides the rest. */
  #visibleLayers(image: ImageRecord): string[] {
    const layers = image.layers.map((chainId) => this.#options.layers.get(chainId)!).reverse();
    const last = layers.findIndex((layer) => layer.opaque);
    return layers.slice(0, last < 0 ? undefined : last + 1).map((layer) => layer.folder);
  }

  #mount(
    target: string,
    layers: string[],
    user?: PinnedUserNamespace,
    label = this.#options.readOnlyLabel,
    writable?: { upper: string; work: string },
  ): void {
    const { root, layersFolder, idMappedLayers } = this.#options;
    const mountFrom = (folder: string) => mountOverlay(target, { folder, layers, writable, label });
    if (!user) mountFrom(layersFolder);
    else idMappedLayers.within(user.path, (mapped) => mountFrom(join(mapped, relative(root, layersFolder))));
  }

  /** The root of the mount looks like its uppermost folder. */
  #likeRootOf(layer: string | undefined, upper: string, user: PinnedUserNamespace | undefined): void {
    if (layer === undefined) return;
    const { uid, gid, mode } = lstatSync(join(this.#options.layersFolder, layer));
    const owner = user ? { uid: hostId(user.uids, uid), gid: hostId(user.gids, gid) } : { uid, gid };
    chownSync(upper, owner.uid ?? uid, owner.gid ?? gid);
    chmodSync(upper, mode & 0o7777);
  }

  #scaffold(): string {
    for (const name of SCAFFOLD_FOLDERS) {
      mkdirSync(join(this.#options.layersFolder, SCAFFOLD, name), { recursive: true, mode: 0o755 });
    }
    return SCAFFOLD;
  }
}

function hexOf({ id }: ImageRecord): string {
  return id.slice(id.indexOf(":") + 1);
}

/** Another device than its folder's: overlayfs has one of its own for each mount. */
function isMounted(folder: string, target: string): boolean {
  const point = lstatSync(target, { throwIfNoEntry: false });
  return point !== undefined && point.dev !== lstatSync(folder).dev;
}
